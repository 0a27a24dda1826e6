using System.Text.Json;
using Xunit;

namespace Sluice.Tests.Cli;

public sealed class BatchingCommandTests : IDisposable
{
    private readonly string _trace = Path.Combine(Path.GetTempPath(), $"trace-{Guid.NewGuid():N}.jsonl");

    [Fact]
    public async Task It_prints_every_figure_of_every_policy_and_draws_them()
    {
        await File.WriteAllLinesAsync(
            _trace,
            Enumerable.Range(0, 300).Select(i => $$"""{"timestamp": {{i * 50}}, "input_length": {{600 + i % 7 * 500}}, "output_length": {{1 + i % 90}}, "hash_ids": [{{i % 9}}, {{100 + i % 9}}]}"""),
            TestContext.Current.CancellationToken);
        string plot = _trace + ".svg";
        CliRun run = await CliRun.OfAsync(["bench", "batching", "--trace", _trace, "--load", "1.0,2.0", "--seed", "3", "--slice", "300", "--json", "--plot", plot]);
        Assert.True(run.ExitCode == 0, run.Error);
        using JsonDocument document = JsonDocument.Parse(Assert.Single(run.Lines));
        JsonElement report = document.RootElement;
        Assert.Equal(["loads", "quotes"], Names(report));
        Assert.Equal(["median_error", "promise_kept"], Names(report.GetProperty("quotes")));
        Assert.Equal(2, report.GetProperty("loads").GetArrayLength());
        foreach (JsonElement load in report.GetProperty("loads").EnumerateArray())
        {
            Assert.Equal(["load", "clairvoyant_on_time_tok", "radix_bound_tok", "policies"], Names(load));
            Assert.True(load.GetProperty("clairvoyant_on_time_tok").GetDouble() > 0);
            Assert.True(load.GetProperty("radix_bound_tok").GetInt64() > 0);
            Assert.Equal(["sluice", "fcfs", "priority_prefix", "edf", "edf_cost", "least_laxity", "longest_prefix"], Names(load.GetProperty("policies")));
            foreach (JsonProperty policy in load.GetProperty("policies").EnumerateObject())
            {
                Assert.Equal(["on_time_tok", "throughput_tok_s", "prefix_saved_share", "classes"], Names(policy.Value));
                Assert.Equal(["interactive", "standard", "bulk"], Names(policy.Value.GetProperty("classes")));
                Assert.True(policy.Value.GetProperty("on_time_tok").GetDouble() <= load.GetProperty("clairvoyant_on_time_tok").GetDouble());
                Assert.True(policy.Value.GetProperty("throughput_tok_s").GetDouble() > 0);
                Assert.InRange(policy.Value.GetProperty("prefix_saved_share").GetDouble(), 0, 1);
                foreach (string of in (string[])["interactive", "standard", "bulk"])
                {
                    JsonElement figures = policy.Value.GetProperty("classes").GetProperty(of);
                    Assert.Equal(["met_share", "p50_wait_s", "p99_wait_s", "worst_wait_s"], Names(figures));
                    Assert.InRange(figures.GetProperty("met_share").GetDouble(), 0, 1);
                    Assert.True(figures.GetProperty("p50_wait_s").GetDouble() <= figures.GetProperty("p99_wait_s").GetDouble());
                    Assert.True(figures.GetProperty("p99_wait_s").GetDouble() <= figures.GetProperty("worst_wait_s").GetDouble());
                }
            }
        }
        Assert.InRange(report.GetProperty("quotes").GetProperty("promise_kept").GetDouble(), 0, 1);
        Assert.True(report.GetProperty("quotes").GetProperty("median_error").GetDouble() >= 0);
        Assert.StartsWith("<svg", await File.ReadAllTextAsync(plot, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        File.Delete(plot);

        static string[] Names(JsonElement of) => [.. of.EnumerateObject().Select(property => property.Name)];
    }

    [Fact]
    public async Task Of_several_seeds_it_prints_each_and_the_worst_of_every_figure()
    {
        await File.WriteAllLinesAsync(
            _trace,
            Enumerable.Range(0, 200).Select(i => $$"""{"timestamp": {{i * 50}}, "input_length": {{600 + i % 7 * 500}}, "output_length": {{1 + i % 90}}, "hash_ids": [{{i % 9}}, {{100 + i % 9}}]}"""),
            TestContext.Current.CancellationToken);
        CliRun run = await CliRun.OfAsync(["bench", "batching", "--trace", _trace, "--load", "2.0", "--seeds", "3,4", "--slice", "200", "--json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        using JsonDocument document = JsonDocument.Parse(Assert.Single(run.Lines));
        JsonElement[] seeds = [.. document.RootElement.GetProperty("seeds").EnumerateArray()];
        Assert.Equal([3, 4], seeds.Select(seed => seed.GetProperty("seed").GetInt32()));
        double[] shares = [.. seeds.Select(seed => seed.GetProperty("targets")[0].GetProperty("of_hindsight").GetDouble())];
        Assert.Equal(shares.Min(), document.RootElement.GetProperty("worst")[0].GetProperty("of_hindsight").GetDouble());
    }

    [Theory]
    [InlineData("--load", "0,1", "--load: numbers above 0, at most 100; one is '0'.")]
    [InlineData("--seeds", "1,x", "--seeds: whole numbers, 0 or more; one is 'x'.")]
    [InlineData("--slice", "0", "--slice: 1 or more; it is 0.")]
    [InlineData("--seed", "1", "line 1: expected the header 'TIMESTAMP,ContextTokens,GeneratedTokens' or a JSON object; it is 'nonsense'.")]
    public async Task What_is_wrong_is_named(string option, string value, string message)
    {
        await File.WriteAllTextAsync(_trace, "nonsense\n", TestContext.Current.CancellationToken);
        CliRun run = await CliRun.OfAsync(["bench", "batching", "--trace", _trace, option, value]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_that_nobody_can_serve_in_time_has_figures_all_the_same()
    {
        await File.WriteAllTextAsync(_trace, """{"timestamp": 0, "input_length": 600, "output_length": 100000, "hash_ids": [1]}""", TestContext.Current.CancellationToken);
        CliRun run = await CliRun.OfAsync(["bench", "batching", "--trace", _trace, "--load", "1.0", "--seeds", "1,2,3", "--slice", "1", "--json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        using JsonDocument document = JsonDocument.Parse(Assert.Single(run.Lines));
        JsonElement[] all = [.. document.RootElement.GetProperty("seeds").EnumerateArray()];
        JsonElement late = Assert.Single(all.Where(seed => seed.GetProperty("loads")[0].GetProperty("clairvoyant_on_time_tok").GetDouble() == 0).Take(1));
        Assert.Equal(1, late.GetProperty("targets")[0].GetProperty("of_hindsight").GetDouble());
    }

    [Fact]
    public async Task A_damaged_archive_is_named()
    {
        string archive = _trace + ".gz";
        await File.WriteAllBytesAsync(archive, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff], TestContext.Current.CancellationToken);
        CliRun run = await CliRun.OfAsync(["bench", "batching", "--trace", archive]);
        File.Delete(archive);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("sluice: --trace ", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_trace);
}
