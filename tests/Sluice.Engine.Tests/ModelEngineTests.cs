using Sluice.Engine.Planning;
using Sluice.Engine.Sequences;
using Sluice.Engine.Tests.Planning;
using Xunit;

namespace Sluice.Engine.Tests;

/// <summary>The loop around the planner, on a model of hashes.</summary>
public sealed class ModelEngineTests : EngineContractTests
{
    private const int Vocabulary = 61;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cancelled_sequence_gives_its_pages_back_before_its_caller_hears()
    {
        Rig rig = new(pages: 16);
        await using ModelEngine engine = rig.Engine;
        using CancellationTokenSource giveUp = new();
        rig.Model.BeforeStep = _ =>
        {
            if (rig.Model.Calls == 20)
                giveUp.Cancel();
        };
        Task<EngineResult> cancelled = engine.RunAsync(Generate([1, 2, 3], 250) with { IgnoreEnd = true }, giveUp.Token);
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(giveUp.Token, error.CancellationToken);
        EngineLoad load = ((IEngine)engine).Load;
        Assert.Equal((0, 0, 16), (load.Running, load.Waiting, load.FreePages));
        Assert.InRange(load.Steps, 20, 22);
    }

    [Fact]
    public async Task A_failed_step_fails_what_ran_and_the_engine_goes_on()
    {
        Rig rig = new();
        await using ModelEngine engine = rig.Engine;
        rig.Model.BeforeStep = _ =>
        {
            if (rig.Model.Calls == 5)
            {
                rig.Model.BeforeStep = null;
                throw new DivideByZeroException("the step's own");
            }
        };
        Task<EngineResult>[] all = [.. Enumerable.Range(0, 3).Select(i => engine.RunAsync(Generate([1, i], 50), Cancellation))];
        DivideByZeroException fault = await Assert.ThrowsAsync<DivideByZeroException>(() => all[0]);
        Assert.Equal("the step's own", fault.Message);
        Assert.Equal(engine.Info.TotalPages, ((IEngine)engine).Load.FreePages);
        EngineResult after = await engine.RunAsync(Generate([1, 0], 50), Cancellation);
        Assert.Equal(rig.Model.Greedy([1, 0], 50), after.Tokens);
    }

    [Fact]
    public async Task A_fault_of_a_step_never_says_that_the_request_is_at_fault()
    {
        Rig rig = new();
        await using ModelEngine engine = rig.Engine;
        rig.Model.BeforeStep = _ =>
        {
            rig.Model.BeforeStep = null;
            throw new ArgumentOutOfRangeException("row", "the step's own");
        };
        InvalidOperationException fault = await Assert.ThrowsAsync<InvalidOperationException>(() => engine.RunAsync(Generate([1, 2], 50), Cancellation));
        Assert.Contains("the step's own", fault.Message, StringComparison.Ordinal);
        Assert.IsType<ArgumentOutOfRangeException>(fault.InnerException);
    }

    [Fact]
    public async Task A_fault_of_reading_never_says_that_the_request_is_at_fault()
    {
        FakeModel model = new(Vocabulary, 64, 64);
        StepModel steps = model.Steps with { Largest = _ => throw new ArgumentException("the reader's own") };
        await using ModelEngine engine = Build(steps, model, new EngineOptions(), 64, 64, 4);
        InvalidOperationException fault = await Assert.ThrowsAsync<InvalidOperationException>(() => engine.RunAsync(Generate([1, 2], 50), Cancellation));
        Assert.Contains("the reader's own", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_made_during_a_step_join_the_next_one()
    {
        Rig rig = new();
        await using ModelEngine engine = rig.Engine;
        using SemaphoreSlim reached = new(0);
        using ManualResetEventSlim go = new();
        List<int> segments = [];
        rig.Model.BeforeStep = plan =>
        {
            segments.Add(plan.Segments);
            reached.Release();
            go.Wait(Cancellation);
        };
        List<Task<EngineResult>> all = [engine.RunAsync(Generate([1, 2], 3), Cancellation)];
        await reached.WaitAsync(Cancellation);
        all.AddRange(Enumerable.Range(3, 3).Select(id => engine.RunAsync(Generate([1, id], 3), Cancellation)));
        Assert.Equal(4, ((IEngine)engine).Load.Waiting + ((IEngine)engine).Load.Running);
        go.Set();
        await Task.WhenAll(all);
        Assert.Equal([1, 4, 4, 3], segments);
    }

    [Fact]
    public async Task A_row_without_a_finite_logit_fails_its_own_sequence_only()
    {
        FakeModel model = new(Vocabulary, 64, 64);
        float[] poison = new float[Vocabulary];
        Array.Fill(poison, float.NaN);
        StepPlan? last = null;
        model.BeforeStep = plan => last = plan;
        StepModel steps = model.Steps with
        {
            Logits = output => last!.Tokens[last.OutputRows[output]] == 13 ? poison : model.Steps.Logits(output),
            Largest = output => last!.Tokens[last.OutputRows[output]] == 13 ? (-1, float.NegativeInfinity) : model.Steps.Largest(output),
        };
        await using ModelEngine engine = Build(steps, model, new EngineOptions(), 64, 64, 4);
        SamplingOptions penalties = new() { FrequencyPenalty = 0.5f };
        Task<EngineResult>[] bad = [engine.RunAsync(Generate([5, 13], 3), Cancellation), engine.RunAsync(Generate([6, 13], 3) with { Sampling = penalties }, Cancellation)];
        Task<EngineResult> good = engine.RunAsync(Generate([5, 12], 3) with { Sampling = penalties }, Cancellation);
        foreach (Task<EngineResult> one in bad)
            Assert.Contains("finite", (await Assert.ThrowsAsync<InvalidOperationException>(() => one)).Message, StringComparison.Ordinal);
        Assert.Equal(3, (await good).Tokens.Length);
        Assert.Equal(64, ((IEngine)engine).Load.FreePages);
    }

    [Fact]
    public async Task More_than_the_whole_pool_is_refused()
    {
        Rig rig = new(pages: 4);
        await using ModelEngine engine = rig.Engine;
        Assert.Equal(60, (await engine.RunAsync(Generate([1, 2, 3, 4, 5], 60) with { IgnoreEnd = true }, Cancellation)).Tokens.Length);
        ArgumentException refusal = await Assert.ThrowsAnyAsync<ArgumentException>(() => engine.RunAsync(Generate([1, 2, 3, 4, 5], 61), Cancellation));
        Assert.Contains("4 KV pages of 16 tokens, found one of 5: 5 prompt tokens and up to 61 generated (MaxTokens 61)", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<ArgumentException>(() => engine.RunAsync(Score(new int[60], [1, 2]), Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => engine.RunAsync(Generate([61], 1), Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => engine.RunAsync(Generate([1], 1) with { Stop = ["x"] }, Cancellation));
    }

    [Fact]
    public async Task Every_step_is_reported_and_the_reports_add_up()
    {
        List<StepReport> reports = [];
        Rig rig = new(options: new EngineOptions
        {
            StepObserver = report =>
        {
            lock (reports)
                reports.Add(report);
            throw new InvalidOperationException("an observer's own fault changes nothing");
        }
        });
        await using (ModelEngine engine = rig.Engine)
            Assert.Equal(10, (await engine.RunAsync(Generate(new int[100], 10), Cancellation)).Tokens.Length);
        Assert.Equal(rig.Model.Calls, reports.Count);
        Assert.Equal((100, 9), (reports.Sum(r => r.PrefillTokens), reports.Sum(r => r.DecodeTokens)));
        Assert.Equal(109 * 110 / 2, reports.Sum(r => r.KvTokens));
        Assert.All(reports, r => Assert.True(r.Duration > TimeSpan.Zero && r.Sequences == 1));
    }

    [Fact]
    public async Task What_a_sequence_shared_and_took_part_in_is_in_its_result()
    {
        Rig rig = new();
        await using ModelEngine engine = rig.Engine;
        int[] prompt = PlannerRig.Prompt(1, 40);
        EngineResult first = await engine.RunAsync(Generate(prompt, 5), Cancellation);
        EngineResult second = await engine.RunAsync(Generate(prompt, 5), Cancellation);
        EngineResult stranger = await engine.RunAsync(Generate(prompt, 5) with { Scope = new CacheScope(1, 3) }, Cancellation);
        Assert.Equal((0, 32, 0), (first.CachedTokens, second.CachedTokens, stranger.CachedTokens));
        Assert.Equal((5, 5), (first.Steps, second.Steps));
        Assert.Equal(first.Tokens, second.Tokens);
        Assert.True(first.Ran > TimeSpan.Zero && first.Waited >= TimeSpan.Zero);
        Assert.Equal((120, 88), (((IEngine)engine).Load.PromptTokens, ((IEngine)engine).Load.ComputedTokens));
    }

    [Fact]
    public async Task Cancelling_at_random_among_many_leaves_no_page_behind()
    {
        Rig rig = new(pages: 20);
        await using ModelEngine engine = rig.Engine;
        Random random = new(5);
        int cancelled = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 300), Cancellation, async (i, _) =>
        {
            TimeSpan patience;
            lock (random)
                patience = TimeSpan.FromMicroseconds(random.Next(1, 3000));
            using CancellationTokenSource giveUp = new(patience);
            int[] prompt = PlannerRig.Prompt(i % 7, 1 + (i % 60));
            try
            {
                Assert.Equal(Rig.Reference(prompt, 20), (await engine.RunAsync(Generate(prompt, 20), giveUp.Token)).Tokens);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref cancelled);
            }
        });
        EngineLoad load = ((IEngine)engine).Load;
        Assert.Equal((0, 0, 20), (load.Running, load.Waiting, load.FreePages));
        Assert.InRange(cancelled, 1, 300);
    }

    protected override IEngine Create() => new Rig().Engine;

    private static ModelEngine Build(StepModel steps, FakeModel model, EngineOptions options, int pages, int stepTokens, int sequences) => new(
        steps, new EngineInfo("fake", "0", "fake", 256, model.HiddenSize, sequences, stepTokens, StepPlan.PageTokens, pages), Vocabulary, [], null, options, null);

    private sealed class Rig
    {
        public Rig(int pages = 64, EngineOptions? options = null)
        {
            Model = new FakeModel(Vocabulary, pages, 64);
            Engine = Build(Model.Steps, Model, options ?? new EngineOptions(), pages, 64, 4);
        }

        public FakeModel Model { get; }

        public ModelEngine Engine { get; }

        public static int[] Reference(int[] prompt, int count) => new FakeModel(Vocabulary, 1, 1).Greedy(prompt, count);
    }
}
