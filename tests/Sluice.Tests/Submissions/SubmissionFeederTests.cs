using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Submissions;
using Sluice.Service.Telemetry;
using Sluice.Store;
using Sluice.Tests.Telemetry;
using Xunit;

namespace Sluice.Tests.Submissions;

public sealed class SubmissionFeederTests
{
    [Fact]
    public async Task Lines_that_the_cache_or_a_twin_answers_are_no_queued_work()
    {
        // what waits is counted once, at the start: after it only what is accepted here is added
        await using FileHost host = await FileHost.StartAsync(worker: true, ("Intake:CountEvery", "00:01:00"), ("Intake:Queued", "40"), ("Intake:QueuedPerTenant", "40"));
        await host.Api.SubmitAsync("""{"model":"stub","prompt":"the same"}""", ("Prefer", "wait=20"));
        SubmissionView ended = await host.EndAsync(string.Join('\n', Enumerable.Range(0, 60).Select(i => FileHost.Job($"c{i}", i < 30 ? "the same" : "another"))));
        Assert.Equal((60, 60), (ended.Counts.Fed, ended.Counts.Succeeded));
        Assert.False(host.Api.Parts.GetRequiredService<QueueBounds>().IsFull);
        Dictionary<string, double> samples = ExpositionGrammar.Read(await host.Api.Client.GetStringAsync("/metrics"));
        Assert.Equal((30, 29, 2), (samples["sluice_cache_hits_total{tier=\"exact\"}"], samples["sluice_cache_hits_total{tier=\"twin\"}"], samples["sluice_cache_misses_total"]));
    }

    [Fact]
    public async Task A_feeder_that_fails_before_and_after_its_commits_makes_every_line_one_job()
    {
        await using FileHost host = await FileHost.StartAsync(worker: true, ("Submissions:LookEvery", "00:01:00"), ("Submissions:TendEvery", "00:01:00"));
        IServiceProvider parts = host.Api.Parts;
        (ISubmissionStore store, FaultyFeeds faults) = FaultyFeeds.Around(host.Store);
        Guid id = await StageAsync(host, Enumerable.Range(1, 600).Select(i => FileHost.Job($"c{i}", $"p{i}")));
        using SubmissionSignal signal = new();
        using SubmissionFeeder feeder = Feeder(parts, store, parts.GetRequiredService<FedJobs>(), signal);
        await feeder.StartAsync(CancellationToken.None);
        SubmissionView ended = await host.AwaitAsync(SubmissionIds.Text(id));
        await feeder.StopAsync(CancellationToken.None);
        Assert.True(faults.Lost > 0);
        Assert.Equal((600, 600, 0), (ended.Counts.Fed, ended.Counts.Succeeded, ended.Counts.Invalid));
        Assert.Equal(Enumerable.Range(1, 600), (await host.LinesAsync(ended.Id, "results")).Select(r => r.GetProperty("line").GetInt32()));
    }

    [Fact]
    public async Task A_node_leaves_lines_of_a_model_that_only_others_know_to_them_and_refuses_those_of_one_that_nobody_serves()
    {
        await using FileHost host = await FileHost.StartAsync(worker: true, ("Submissions:LookEvery", "00:01:00"), ("Submissions:TendEvery", "00:01:00"));
        IServiceProvider parts = host.Api.Parts;
        Guid id = await StageAsync(host, Enumerable.Range(1, 10).Select(i => $$"""{"custom_id":"c{{i}}","model":"{{(i is 1 or 9 ? "none" : "stub")}}","prompt":"p{{i}}"}"""));
        TaskCompletionSource again = new();
        int asked = 0;
        ISubmissionStore store = TappedStore.Around(host.Store, (method, _, call) =>
        {
            if (method == nameof(ISubmissionStore.TakeAsync) && ++asked == 4)
                again.SetResult();
            return call();
        });
        using SubmissionSignal signal = new();
        using SubmissionFeeder stranger = Feeder(parts, store, KnowsNone(parts), signal);
        await stranger.StartAsync(CancellationToken.None);
        await again.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        parts.GetRequiredService<SubmissionSignal>().Pulse(); // the host's own feeder looks
        SubmissionView ended = await host.AwaitAsync(SubmissionIds.Text(id));
        await stranger.StopAsync(CancellationToken.None);
        Assert.Equal((8, 8, 2), (ended.Counts.Fed, ended.Counts.Succeeded, ended.Counts.Invalid));
    }

    [Fact]
    public async Task Lines_that_nobody_has_fed_when_all_should_have_ended_are_judged_by_whoever_looks()
    {
        await using FileHost host = await FileHost.StartAsync(worker: true, ("Submissions:LookEvery", "00:01:00"), ("Submissions:TendEvery", "00:01:00"));
        IServiceProvider parts = host.Api.Parts;
        int left = 0;
        ISubmissionStore store = TappedStore.Around(host.Store, (method, arguments, call) =>
        {
            if (method == nameof(ISubmissionStore.TakeAsync) && ((FeedRequest)arguments[0]!).Left.Count > 0)
                left++;
            return call();
        });
        // a worker serves it, and no node that feeds does
        await parts.GetRequiredService<IJobStore>().RegisterWorkerAsync(new WorkerRegistration(Guid.CreateVersion7(), "far away", ["far"]), TestContext.Current.CancellationToken);
        Guid id = await StageAsync(host, ["""{"custom_id":"c1","model":"far","prompt":"p1"}"""], TimeProvider.System.GetUtcNow().AddSeconds(3));
        using SubmissionSignal signal = new();
        using SubmissionFeeder stranger = Feeder(parts, store, KnowsNone(parts), signal);
        await stranger.StartAsync(CancellationToken.None);
        SubmissionView ended = await host.AwaitAsync(SubmissionIds.Text(id));
        await stranger.StopAsync(CancellationToken.None);
        Assert.True(left > 0, "before its time it was meant to be left to others");
        Assert.Equal((0, 1), (ended.Counts.Fed, ended.Counts.Invalid));
    }

    private static SubmissionFeeder Feeder(IServiceProvider parts, ISubmissionStore store, FedJobs fed, SubmissionSignal signal)
    {
        SubmissionOptions options = new() { FeedLines = 100, TendEvery = TimeSpan.FromMilliseconds(20), LookEvery = TimeSpan.FromMilliseconds(20) };
        return new SubmissionFeeder(
            store, fed, parts.GetRequiredService<QueueBounds>(), parts.GetRequiredService<OutboxSignal>(), signal,
            parts.GetRequiredService<SluiceMetrics>(), Options.Create(options), TimeProvider.System, NullLogger<SubmissionFeeder>.Instance);
    }

    /// <summary>As of a node that serves no model.</summary>
    private static FedJobs KnowsNone(IServiceProvider parts) =>
        ActivatorUtilities.CreateInstance<FedJobs>(parts, ActivatorUtilities.CreateInstance<JobIntake>(parts, new ModelCatalog([])));

    /// <summary>A closed submission of these lines, past the door: no feeder is told of it.</summary>
    private static async Task<Guid> StageAsync(FileHost host, IEnumerable<string> lines, DateTimeOffset? finishBy = null)
    {
        NewSubmission file = new() { Id = Guid.CreateVersion7(), Tenant = "default", Defaults = """{"cache":"off"}""", FinishBy = finishBy };
        await host.Store.StartAsync(file, CancellationToken.None);
        StagedLine[] staged = [.. lines.Select((line, i) => new StagedLine(i + 1, Encoding.UTF8.GetBytes(line), $"c{i + 1}"))];
        await host.Store.StageAsync("default", file.Id, new LineChunk { After = 0, Last = staged.Length, Lines = staged }, CancellationToken.None);
        await host.Store.CloseAsync("default", file.Id, UploadEnd.Complete, null, CancellationToken.None);
        return file.Id;
    }
}
