using System.Text.Json;
using Xunit;

namespace Sluice.Tests.Cli;

public sealed class EngineBenchTests : IDisposable
{
    private readonly TinyModel _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task One_object_holds_every_figure_and_the_profile_adds_up_to_the_step()
    {
        CliRun run = await CliRun.OfAsync(["bench", "engine", "--model", _model.Folder, "--threads", "1", "--repeats", "1", "--profile", "--dtype", "int8", "--json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("memory: weights", run.Error, StringComparison.Ordinal);
        using JsonDocument report = JsonDocument.Parse(Assert.Single(run.Lines));
        JsonElement root = report.RootElement;
        Assert.StartsWith("cpu/", root.GetProperty("path").GetString(), StringComparison.Ordinal);
        Assert.Equal("int8", root.GetProperty("dtype").GetString());
        foreach (string key in new[] { "peak_gops", "fma_peak_gflops", "read_gbs", "prefill_tok_s", "scoring_jobs_s", "long_prefill_tok_s", "weight_bytes", "planned_bytes" })
            Assert.InRange(root.GetProperty(key).GetDouble(), double.Epsilon, 1e9);
        foreach (string batch in new[] { "1", "8", "32" })
            Assert.InRange(root.GetProperty("decode_tok_s").GetProperty(batch).GetDouble(), double.Epsilon, 1e9);
        foreach (string share in new[] { "prefill", "decode_1", "decode_8", "decode_32", "scoring", "long_prefill", "long_decode" })
            Assert.InRange(root.GetProperty("share").GetProperty(share).GetDouble(), double.Epsilon, 10); // far above 1 where peaks were taken in a worse moment than the work
        JsonElement[] steps = [.. root.GetProperty("profile").EnumerateArray()];
        Assert.Equal(["prefill", "decode_1", "decode_8", "decode_32"], steps.Select(step => step.GetProperty("step").GetString()));
        foreach (JsonElement step in steps)
        {
            JsonElement[] operations = [.. step.GetProperty("operations").EnumerateArray()];
            Assert.Equal(1, operations.Sum(operation => operation.GetProperty("part_of_step").GetDouble()), 1e-6);
            foreach (JsonElement operation in operations[..^1]) // the last is the rest
            {
                double ms = operation.GetProperty("ms_per_step").GetDouble(), counted = operation.GetProperty("operations_per_step").GetDouble(), bytes = operation.GetProperty("bytes_per_step").GetDouble();
                Assert.True(bytes > 0);
                Assert.InRange(operation.GetProperty("gops").GetDouble() * ms * 1e6, counted * 0.999999, counted * 1.000001);
                Assert.InRange(operation.GetProperty("gbs").GetDouble() * ms * 1e6, bytes * 0.999999, bytes * 1.000001);
            }
        }
    }

    [Theory]
    [InlineData("0")]
    [InlineData("65")]
    [InlineData("-1")]
    public async Task A_batch_out_of_range_is_wrong_usage(string batch)
    {
        CliRun run = await CliRun.OfAsync(["bench", "speculation", "--model", _model.Folder, "--batch", "8", "--batch", batch]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"--batch: expected 1 to 64, found {batch}.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_of_other_tokens_is_wrong_usage_before_anything_is_measured()
    {
        using TinyModel draft = new();
        string file = Path.Combine(draft.Folder, "tokenizer.json");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Replace("\"A\":", "\"a\":", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        CliRun run = await CliRun.OfAsync(["bench", "speculation", "--model", _model.Folder, "--draft", draft.Folder]);
        Assert.Equal((2, 0), (run.ExitCode, run.Lines.Length));
        Assert.StartsWith("sluice: --draft: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--threads", "0")]
    [InlineData("--repeats", "0")]
    public async Task A_count_out_of_range_is_wrong_usage(string option, string value)
    {
        CliRun run = await CliRun.OfAsync(["bench", "engine", "--model", _model.Folder, option, value]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"{option}: expected 1 to", run.Error, StringComparison.Ordinal);
    }
}
