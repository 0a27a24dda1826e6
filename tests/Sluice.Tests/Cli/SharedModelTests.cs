using System.Text.Json;
using Xunit;

namespace Sluice.Tests.Cli;

public sealed class SharedModelTests
{
    [Theory]
    [InlineData("gpt-2")]
    [InlineData("llama-spm")]
    public async Task Tokenize_gives_the_reference_ids_line_by_line(string name)
    {
        string folder = SharedFiles.FindOrSkip($"tokenizers/{name}");
        string[] vectors = await File.ReadAllLinesAsync(Path.Combine(folder, "vectors.jsonl"), TestContext.Current.CancellationToken);
        JsonElement[] parsed = [.. vectors.Select(v => JsonDocument.Parse(v).RootElement)];
        CliRun run = await CliRun.OfAsync(["model", "tokenize", "--model", folder], string.Join('\n', parsed.Select(p => p.GetProperty("text").GetRawText())));
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(parsed.Select(p => p.GetProperty("ids").GetRawText().Replace(" ", "", StringComparison.Ordinal)), run.Lines);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("reference")]
    public async Task Logits_are_the_trained_models(string backend)
    {
        string folder = SharedFiles.FindOrSkip("models/stories260k");
        using JsonDocument golden = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "golden.json"), TestContext.Current.CancellationToken));
        JsonElement[] prompts = [.. golden.RootElement.EnumerateArray()];
        string ids = string.Join('\n', prompts.Select(p => JsonSerializer.Serialize(p.GetProperty("prompt_ids"))));
        CliRun run = await CliRun.OfAsync(["model", "logits", "--model", folder, "--backend", backend], ids);
        Assert.Equal(0, run.ExitCode);
        foreach ((JsonElement prompt, string line) in prompts.Zip(run.Lines))
        {
            float[] logits = JsonSerializer.Deserialize<float[]>(line)!;
            Assert.All(prompt.GetProperty("last_prompt_logits_first8").EnumerateArray().Zip(logits), pair => Assert.Equal(pair.First.GetSingle(), pair.Second, 2e-4f));
            Assert.Equal(prompt.GetProperty("greedy_ids")[0].GetInt32(), logits.Index().MaxBy(l => l.Item).Index);
        }
    }
}
