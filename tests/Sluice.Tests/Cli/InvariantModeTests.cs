using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sluice.Tests.Run;
using Xunit;

namespace Sluice.Tests.Cli;

/// <summary>A process without ICU, as some small images are: .NET does not normalize Unicode there and says nothing.</summary>
public sealed class InvariantModeTests : IDisposable
{
    private const string Variable = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT";

    private static readonly string[] s_texts =
    [
        "plain words, 12 of them", "na\u00efve caf\u00e9", "nai\u0308ve cafe\u0301", "\uff21\uff22\u2460 \ufb01ne", "\u0130stanbul ISTANBUL \u00df \u1e9e", "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u039f\u0394\u039f\u03a3",
        "\u0414\u0430 \u0439 \u0438\u0306", "\uac00 \u1100\u1161", "\ud835\udc00 \ud83d\ude00\ufe0f", "\u3000\u00a0\u200b|",
    ];

    private readonly ByteModel _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("null")]
    [InlineData("""{"type":"Lowercase"}""")]
    [InlineData("""{"type":"StripAccents"}""")]
    [InlineData("""{"type":"BertNormalizer","strip_accents":false}""")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"Strip"},{"type":"Replace","pattern":{"String":" "},"content":"_"}]}""")]
    public async Task A_tokenizer_that_needs_no_icu_gives_the_same_ids(string normalizer)
    {
        Write(normalizer);
        CliRun here = await CliRun.OfAsync(["model", "tokenize", "--model", _model.Folder], Lines);
        (int code, string output, string error) = await TokenizeAsync("1");
        Assert.True(code == 0, error);
        Assert.Equal(here.Lines, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(s_texts.Length, here.Lines.Length);
    }

    [Theory]
    [InlineData("""{"type":"NFC"}""", "\"NFC\"")]
    [InlineData("""{"type":"NFD"}""", "\"NFD\"")]
    [InlineData("""{"type":"NFKC"}""", "\"NFKC\"")]
    [InlineData("""{"type":"NFKD"}""", "\"NFKD\"")]
    [InlineData("""{"type":"BertNormalizer"}""", "\"BertNormalizer\"")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"Strip"},{"type":"NFKC"}]}""", "normalizer.normalizers[1].type")]
    public async Task A_tokenizer_that_would_give_other_ids_is_refused_when_it_is_read(string normalizer, string named)
    {
        Write(normalizer);
        (int code, string output, string error) = await TokenizeAsync("1");
        Assert.True(code != 0 && output.Length == 0, output);
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.Contains(Variable, error, StringComparison.Ordinal);
        (code, output, error) = await TokenizeAsync("0");
        Assert.True(code == 0 && output.Length > 0, error);
    }

    private static string Lines => string.Join('\n', s_texts.Select(text => JsonSerializer.Serialize(text)));

    private void Write(string normalizer)
    {
        string path = Path.Combine(_model.Folder, "tokenizer.json");
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(path))!;
        tokenizer["normalizer"] = JsonNode.Parse(normalizer);
        File.WriteAllText(path, tokenizer.ToJsonString());
    }

    private async Task<(int Code, string Output, string Error)> TokenizeAsync(string invariant)
    {
        ProcessStartInfo start = new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "sluice.dll"), "model", "tokenize", "--model", _model.Folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[Variable] = invariant;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(Lines);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // it has refused already
        }
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}
