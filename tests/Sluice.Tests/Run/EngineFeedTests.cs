using System.Text;
using Sluice.Cli;
using Sluice.Cli.Run;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Files;
using Sluice.Service.Models;
using Xunit;

namespace Sluice.Tests.Run;

public sealed class EngineFeedTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-feed-").FullName;
    private readonly RunTotals _totals = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ServedModel Model => new()
    {
        Name = "stub",
        Revision = "0",
        ContextLength = 8192,
        VocabularySize = 257,
        EncodePrompt = text => [.. Encoding.UTF8.GetBytes(text)],
        EncodeChoice = text => [.. Encoding.UTF8.GetBytes(text)],
    };

    private static NumberedLine Line(int number)
    {
        BatchLine line = new($"c{number}", BatchEndpoint.Completions, new JobRequest { Prompt = "p" }, Base64: false);
        EngineRequest request = new() { Scope = new CacheScope(1, 2), Kind = SequenceKind.Generate, Prompt = [number], MaxTokens = 2 };
        return new NumberedLine(number, new PreparedLine(line, request, 2), Model);
    }

    /// <summary>Runs lines 1 to <paramref name="count"/>; the output by line number.</summary>
    private async Task<Dictionary<long, string>> RunAsync(StubOptions stub, int count, int window)
    {
        string path = Path.Combine(_folder, "out.jsonl");
        CancellationToken token = TestContext.Current.CancellationToken;
        await using StubEngine engine = new(stub);
        using (ResultsFile results = await ResultsOpener.OpenAsync(path, 1, resume: false, null, token))
        {
            OutputQueue output = new(TimeProvider.System);
            Task writing = output.WriteAsync(results, _totals);
            using EngineFeed feed = new(engine, window, new LineAnswerer(new OutputLines(Fingerprint.Text(1), Model), output, TimeProvider.System), _totals, TimeProvider.System);
            using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(token);
            Task feeding = feed.RunAsync(stop.Token);
            try
            {
                for (int i = 1; i <= count; i++) await feed.AddAsync(Line(i), stop.Token).AsTask().WaitAsync(TimeSpan.FromSeconds(60), token);
                feed.Complete();
                await feeding;
            }
            finally
            {
                output.Complete();
                await writing;
            }
        }
        return (await File.ReadAllLinesAsync(path, token)).ToDictionary(
            line => OutputLines.TryRead(Encoding.UTF8.GetBytes(line), out _, out long number, out _) ? number : -1);
    }

    [Fact]
    public async Task Every_line_ends_once_and_no_more_than_the_window_are_in_hand()
    {
        Dictionary<long, string> lines = await RunAsync(new StubOptions(), count: 500, window: 3);
        Assert.Equal(Enumerable.Range(1, 500).Select(n => (long)n), lines.Keys.Order());
        Assert.Equal((500, 0), (_totals.Succeeded, _totals.Failed));
        Assert.True(_totals.Closed().Values.Sum() >= 500 / 3, "a batch held more than the window");
    }

    [Fact]
    public async Task A_line_that_met_a_fault_runs_once_more()
    {
        int met = 0;
        Dictionary<long, string> lines = await RunAsync(new StubOptions { Fault = r => r.Prompt[0] == 7 && met++ == 0 ? StubFault.Crash : StubFault.None }, count: 30, window: 10);
        Assert.Equal((30, 30, 0), (lines.Count, _totals.Succeeded, _totals.Failed));
        Assert.Equal(2, met);
    }

    [Fact]
    public async Task A_line_that_fails_twice_is_an_error_line()
    {
        Dictionary<long, string> lines = await RunAsync(new StubOptions { Fault = r => r.Prompt[0] == 7 ? StubFault.Throw : StubFault.None }, count: 30, window: 10);
        Assert.Equal((30, 29, 1), (lines.Count, _totals.Succeeded, _totals.Failed));
        Assert.Contains("\"engine_fault\"", lines[7], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_only_fails_breaks_the_run_off()
    {
        int met = 0;
        Task<Dictionary<long, string>> run = RunAsync(new StubOptions { Fault = _ => Interlocked.Increment(ref met) > 0 ? StubFault.Throw : StubFault.None }, count: 2000, window: 2000);
        CommandFailedException broken = await Assert.ThrowsAsync<CommandFailedException>(() => run);
        Assert.Contains($"{EngineFeed.MostFaultsInARow} times in a row", broken.Message, StringComparison.Ordinal);
        Assert.InRange(met, EngineFeed.MostFaultsInARow, EngineFeed.MostFaultsInARow + 200);
    }

    [Fact]
    public async Task A_line_that_the_engine_can_never_hold_is_an_error_line()
    {
        NumberedLine small = Line(1);
        NumberedLine huge = small with { Prepared = small.Prepared with { NewTokens = int.MaxValue / 2 } };
        string path = Path.Combine(_folder, "huge.jsonl");
        await using StubEngine engine = new(new StubOptions());
        using ResultsFile results = await ResultsOpener.OpenAsync(path, 1, resume: false, null, TestContext.Current.CancellationToken);
        OutputQueue output = new(TimeProvider.System);
        Task writing = output.WriteAsync(results, _totals);
        using EngineFeed feed = new(engine, 2, new LineAnswerer(new OutputLines(Fingerprint.Text(1), Model), output, TimeProvider.System), _totals, TimeProvider.System);
        await feed.AddAsync(huge, TestContext.Current.CancellationToken);
        feed.Complete();
        await feed.RunAsync(TestContext.Current.CancellationToken);
        output.Complete();
        await writing;
        Assert.Contains("\"too_long\"", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
