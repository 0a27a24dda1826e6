using Microsoft.Extensions.Options;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>What is held while one job hangs in an engine that has no other place.</summary>
public sealed class HeldJobsTests
{
    private static readonly StubOptions s_oneHangs = new() { MaxSequences = 1, Fault = request => request.Prompt.AsSpan().SequenceEqual(StubModel.Create().EncodePrompt("hang")) ? StubFault.Hang : StubFault.None };

    private static JobRequest Request(string prompt, JobClass jobClass) => Embedded.Prompt(prompt) with { Priority = jobClass };

    [Theory]
    [InlineData(20_000, 20_000, 18_750, 17_500)]
    [InlineData(32, 32, 30, 28)]
    [InlineData(5, 5, 5, 5)]
    [InlineData(1, 1, 1, 1)]
    public void The_more_urgent_class_has_the_more_room(int limit, int interactive, int standard, int bulk)
    {
        HeldJobs held = new(Options.Create(new WorkerOptions { HoldLimit = limit }));
        Assert.Equal([interactive, standard, bulk], Enum.GetValues<JobClass>().Select(held.Room));
    }

    [Fact]
    public async Task A_backlog_of_bulk_jobs_keeps_no_other_class_out()
    {
        await using WorkerRig rig = await Embedded.StartAsync(s_oneHangs, ("Worker:HoldLimit", "32"));
        JobId hung = await rig.SubmitAsync(Embedded.Prompt("hang"));
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Fences.Length == 1, "one runs");
        HeldJobs held = rig.Get<HeldJobs>();
        JobId[] bulk = await rig.SubmitManyAsync(100, i => Request($"bulk {i}", JobClass.Bulk));
        await WorkerRig.EventuallyAsync(() => held.Count == 28, "bulk jobs have their part");
        JobId[] standard = await rig.SubmitManyAsync(10, i => Request($"standard {i}", JobClass.Standard));
        await WorkerRig.EventuallyAsync(() => held.Count == 30 && standard.Count(held.Contains) == 2, "standard ones have theirs");
        JobId[] interactive = await rig.SubmitManyAsync(10, i => Request($"interactive {i}", JobClass.Interactive));
        await WorkerRig.EventuallyAsync(() => held.Count == 32 && interactive.Count(held.Contains) == 2, "interactive ones have theirs");
        Assert.Equal(28, bulk.Count(held.Contains));

        await rig.Store.CancelAsync("t1", hung, default);
        JobRecord[] ended = await rig.EndAllAsync([.. bulk, .. standard, .. interactive]);
        Assert.All(ended, job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
        // whatever room there is, is theirs: the last interactive job was held before a bulk one came in
        Assert.True(ended[^10..].Max(job => job.StartedAt) < ended[..100].Max(job => job.StartedAt));
    }

    [Fact]
    public async Task A_held_job_whose_twin_is_more_urgent_runs_as_that_would()
    {
        await using WorkerRig rig = await Embedded.StartAsync(s_oneHangs);
        JobId hung = await rig.SubmitAsync(Embedded.Prompt("hang"));
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Fences.Length == 1, "one runs");
        HeldJobs held = rig.Get<HeldJobs>();
        JobId first = await rig.SubmitAsync(Request("first", JobClass.Standard));
        JobRequest same = Request("the same", JobClass.Bulk) with { Cache = null };
        JobId leader = await rig.SubmitAsync(same);
        await WorkerRig.EventuallyAsync(() => held.Count == 2, "two wait");
        JobId twin = await rig.SubmitAsync(same with { Priority = JobClass.Interactive, Ttl = 3600 });
        await WorkerRig.EventuallyAsync(() => held.Find(leader) is { Class: JobClass.Interactive, Deadline: not null, OnLate: OnLate.Run }, "the leader is hurried");
        Assert.Equal(2, held.Count);

        await rig.Store.CancelAsync("t1", hung, default);
        JobRecord[] ended = await rig.EndAllAsync([first, leader, twin]);
        Assert.All(ended, job => Assert.Equal(JobState.Succeeded, job.State));
        Assert.True(ended[1].StartedAt < ended[0].StartedAt, "the hurried one goes first");
        Assert.Equal(AnswerSource.Twin, ended[2].Result!.Source);
    }

    [Fact]
    public async Task A_held_job_that_is_cancelled_takes_no_room_and_counts_for_no_demand()
    {
        await using WorkerRig rig = await Embedded.StartAsync(s_oneHangs, ("Worker:InventoryInterval", "00:00:00.5"));
        await rig.SubmitAsync(Embedded.Prompt("hang"));
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Fences.Length == 1, "one runs");
        JobId[] ids = await rig.SubmitManyAsync(3, i => Embedded.Prompt($"waits {i}"));
        InferenceLoop loop = Assert.Single(rig.Get<InferenceLoops>().All);
        await WorkerRig.EventuallyAsync(() => rig.Get<HeldJobs>().Count == 3, "three wait");
        await rig.Store.CancelAsync("t1", ids[1], default);
        await WorkerRig.EventuallyAsync(() => rig.Get<HeldJobs>().Count == 2 && loop.Waiting == 2, "two wait");
        Assert.False(rig.Get<HeldJobs>().Contains(ids[1]));
    }
}
