using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>What was learned of costs outlives those who learned it; what workers say of themselves goes with them.</summary>
public abstract class CostStoreContract(StoreHost host) : StoreContract(host)
{
    private static readonly CostModel s_model = new() { Model = "tiny", Revision = "r1", Backend = "cpu x2", Learned = """{"jobs":7}""", Steps = 1234, ErrorP50 = 0.05, ErrorP95 = 0.2 };

    [Fact]
    public async Task The_latest_that_was_saved_is_loaded_and_other_revisions_and_backends_are_others()
    {
        await Costs.SaveAsync(s_model with { Learned = "{}", Steps = 1 }, Token);
        await Costs.SaveAsync(s_model, Token);
        await Costs.SaveAsync(s_model with { Backend = "gpu x2", Steps = 5 }, Token);
        CostModel? loaded = await Costs.LoadAsync("tiny", "r1", "cpu x2", Token);
        Assert.Equal(s_model, loaded! with { SavedAt = default });
        Assert.NotEqual(default, loaded.SavedAt);
        Assert.Equal(5, (await Costs.LoadAsync("tiny", "r1", "gpu x2", Token))!.Steps);
        Assert.Null(await Costs.LoadAsync("tiny", "r2", "cpu x2", Token));
        Assert.Null(await Costs.LoadAsync("small", "r1", "cpu x2", Token));
    }

    [Fact]
    public async Task News_are_what_was_saved_after_a_time()
    {
        await Costs.SaveAsync(s_model, Token);
        await PassAsync(TimeSpan.FromMilliseconds(5));
        CostNews all = await Costs.NewsAsync(null, Token);
        Assert.Single(all.Models);
        Assert.Empty((await Costs.NewsAsync(all.At, Token)).Models);
        await PassAsync(TimeSpan.FromMilliseconds(5));
        await Costs.SaveAsync(s_model with { Steps = 2000 }, Token);
        Assert.Equal(2000, Assert.Single((await Costs.NewsAsync(all.At, Token)).Models).Steps);
    }

    [Fact]
    public async Task What_a_worker_says_replaces_what_it_said_and_goes_with_it()
    {
        Guid one = await WorkerAsync("w1"), other = await WorkerAsync("w2");
        await Costs.ReportAsync(one, "first", Token);
        await Costs.ReportAsync(one, "second", Token);
        Assert.Equal(["second"], (await Costs.NewsAsync(null, Token)).Loads);
        await Costs.ReportAsync(other, "third", Token);
        Assert.Equal(["second", "third"], (await Costs.NewsAsync(null, Token)).Loads.Order());
        await Store.RetireWorkerAsync(one, Token);
        await Costs.ReportAsync(one, "from the dead", Token);
        Assert.Equal(["third"], (await Costs.NewsAsync(null, Token)).Loads);
    }

    [Fact]
    public async Task What_waits_is_counted_by_model_class_and_due_time_without_twins_and_running_jobs()
    {
        Guid worker = await WorkerAsync();
        NewJob leader = Twin("a") with { Class = JobClass.Bulk, PromptTokens = 100, MaxNewTokens = 10, Ttl = TimeSpan.FromSeconds(100) };
        NewJob running = Job("b") with { Class = JobClass.Bulk };
        await Store.SubmitAsync([leader, Twin("a") with { Class = JobClass.Bulk }, Job("c") with { Ttl = TimeSpan.FromSeconds(101) }, Job("d"), running], Token);
        await RunAsync(worker, running.Id);
        List<WaitingWork> waiting = [.. (await Store.StatisticsAsync(Token)).Waiting.OrderBy(w => w.Class).ThenBy(w => w.Span)];
        int soon = DueTimes.SpanOf(TimeSpan.FromSeconds(99), DueTimes.Bounds), patient = DueTimes.SpanOf(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1), DueTimes.Bounds);
        Assert.True(soon < patient);
        Assert.Equal(
            [new(Model, JobClass.Standard, soon, 1, 5, 16), new(Model, JobClass.Standard, patient, 1, 5, 16), new(Model, JobClass.Bulk, soon, 1, 100, 10)],
            waiting);
    }
}
