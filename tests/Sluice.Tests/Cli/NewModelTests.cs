using System.Text.Json;
using Xunit;

namespace Sluice.Tests.Cli;

public sealed class NewModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-new-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string In(string name) => Path.Combine(_folder, name);

    [Fact]
    public async Task A_new_model_has_the_shape_asked_for_and_a_tokenizer_that_reads_any_text()
    {
        CliRun run = await CliRun.OfAsync(["model", "new", "--shape", "tiny15m", "--seed", "3", "-o", In("a")]);
        Assert.Equal((0, In("a") + "\n"), (run.ExitCode, run.Out));
        CliRun inspected = await CliRun.OfAsync(["model", "inspect", In("a"), "--json"]);
        using JsonDocument report = JsonDocument.Parse(inspected.Out);
        Assert.Equal((288, 6, 32_000), (Number("hidden_size"), Number("layers"), Number("vocabulary")));
        string text = "\"The quick brown fox, 12 times: \\u00e4\\u4e2d\\ud83d\\ude00\\u0000\"\n";
        CliRun ids = await CliRun.OfAsync(["model", "tokenize", "--model", In("a")], text);
        Assert.All(JsonSerializer.Deserialize<int[]>(ids.Out)!, id => Assert.InRange(id, 3, 31_999));
        Assert.InRange(JsonSerializer.Deserialize<int[]>(ids.Out)!.Length, 10, 40);
        CliRun back = await CliRun.OfAsync(["model", "detokenize", "--model", In("a")], ids.Out);
        Assert.Equal(JsonSerializer.Deserialize<string>(text), JsonSerializer.Deserialize<string>(back.Out));

        int Number(string name) => report.RootElement.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes_and_a_model_is_replaced_only_where_asked_to()
    {
        foreach ((string name, string seed) in new[] { ("a", "5"), ("b", "5"), ("c", "6") })
            Assert.Equal(0, (await CliRun.OfAsync(["model", "new", "--shape", "tiny15m", "--seed", seed, "-o", In(name)])).ExitCode);
        byte[] first = File.ReadAllBytes(In("a/model.safetensors"));
        Assert.Equal(first, File.ReadAllBytes(In("b/model.safetensors")));
        Assert.NotEqual(first, File.ReadAllBytes(In("c/model.safetensors")));
        CliRun refused = await CliRun.OfAsync(["model", "new", "--shape", "tiny15m", "--seed", "5", "-o", In("c")]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--overwrite", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await CliRun.OfAsync(["model", "new", "--shape", "tiny15m", "--seed", "5", "-o", In("c"), "--overwrite"])).ExitCode);
        Assert.Equal(first, File.ReadAllBytes(In("c/model.safetensors")));
    }

    [Fact]
    public async Task An_unknown_shape_is_wrong_usage_and_lists_the_known()
    {
        CliRun run = await CliRun.OfAsync(["model", "new", "--shape", "llama3b", "-o", In("a")]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("smol135m", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(In("a")));
    }
}
