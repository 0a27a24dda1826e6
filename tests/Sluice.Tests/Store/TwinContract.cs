using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>Equal work at the same time runs once.</summary>
public abstract class TwinContract(StoreHost host) : StoreContract(host)
{
    [Fact]
    public async Task Equal_jobs_in_one_call_run_once_and_all_get_the_answer()
    {
        Guid worker = await WorkerAsync();
        NewJob[] jobs = [.. Enumerable.Range(0, 5).Select(_ => Twin())];
        IReadOnlyList<SubmitResult> results = await Store.SubmitAsync(jobs, Token);
        Assert.Equal([SubmitOutcome.Queued, .. Enumerable.Repeat(SubmitOutcome.Twin, 4)], results.Select(r => r.Outcome));
        Assert.All(results.Skip(1), r => Assert.Equal(jobs[0].Id, r.Job!.WaitsFor));
        Assert.Equal([jobs[0].Id], await TicketsAsync());
        await SucceedAsync(worker, (await RunAsync(worker, jobs[0].Id)).Fence);
        foreach (NewJob follower in jobs[1..])
        {
            JobRecord twin = await GetAsync(follower.Id);
            Assert.Equal((JobState.Succeeded, AnswerSource.Twin, "there was a frog"), (twin.State, twin.Result!.Source, twin.Result.Outputs[0].Text));
            Assert.Equal(follower.Embedding, twin.Result.Embedding);
        }
        List<OutboxRow> told = await RelayAsync();
        Assert.Equal(jobs.Select(j => j.Id).ToHashSet(), told.Select(r => r.Job).ToHashSet());
        Assert.All(told, r => Assert.Equal((OutboxKind.JobFinished, JobState.Succeeded), (r.Kind, r.State)));
    }

    [Fact]
    public async Task An_answer_of_another_revision_is_borne_out_by_the_job_and_its_twins_and_kept_for_nobody()
    {
        Guid worker = await WorkerAsync();
        NewJob[] jobs = [Twin(), Twin(), Twin("Another time")];
        await Store.SubmitAsync(jobs, Token);
        ClaimedJob leader = await RunAsync(worker, jobs[0].Id), alone = await RunAsync(worker, jobs[2].Id);
        Assert.Equal(("r1", "r1"), (leader.ModelRevision, alone.ModelRevision));
        JobOutcome other = new() { Fence = leader.Fence, State = JobState.Succeeded, Result = Answer(), OtherRevision = "r2" };
        Assert.Equal([true, true], await Store.FinishAsync(worker, [other, new() { Fence = alone.Fence, State = JobState.Succeeded, Result = Answer() }], Token));
        Assert.Equal(["r2", "r2", "r1"], await Task.WhenAll(jobs.Select(async job => (await GetAsync(job.Id)).ModelRevision)));
        Assert.Equal(AnswerSource.Twin, (await GetAsync(jobs[1].Id)).Result!.Source);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Twin())).Outcome);
        Assert.Equal(SubmitOutcome.CacheHit, (await SubmitAsync(Twin("Another time"))).Outcome);
    }

    [Fact]
    public async Task Equal_jobs_in_parallel_calls_run_once()
    {
        SubmitResult[] results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => SubmitAsync(Twin()), Token)));
        SubmitResult leader = Assert.Single(results, r => r.Outcome == SubmitOutcome.Queued);
        Assert.Equal(15, results.Count(r => r.Outcome == SubmitOutcome.Twin && r.Job!.WaitsFor == leader.Job!.Id));
        Assert.Equal([leader.Job!.Id], await TicketsAsync());
    }

    [Fact]
    public async Task Twins_never_cross_tenant_or_namespace()
    {
        IReadOnlyList<SubmitResult> results = await Store.SubmitAsync([Twin(), Twin(tenant: Other), Twin() with { Namespace = "elsewhere" }, Job()], Token);
        Assert.All(results, r => Assert.Equal(SubmitOutcome.Queued, r.Outcome));
    }

    [Fact]
    public async Task A_leader_inherits_the_most_urgent_class_and_deadline()
    {
        Guid worker = await WorkerAsync();
        NewJob leader = Twin() with { Class = JobClass.Bulk };
        await SubmitAsync(leader);
        await SubmitAsync(Twin() with { Class = JobClass.Interactive, Ttl = TimeSpan.FromHours(2) });
        JobRecord urgent = (await SubmitAsync(Twin() with { Ttl = TimeSpan.FromHours(1) })).Job!;
        ReservedJob held = Assert.Single(await Store.ReserveAsync(worker, [leader.Id], Token));
        Assert.Equal((JobClass.Interactive, urgent.Deadline), (held.Class, held.Deadline));
        JobRecord own = await GetAsync(leader.Id);
        Assert.Equal(JobClass.Bulk, own.Class);
        Assert.Null(own.Deadline);
    }

    [Fact]
    public async Task A_leader_that_becomes_more_urgent_while_it_is_queued_has_a_ticket_that_says_so()
    {
        Guid worker = await WorkerAsync();
        NewJob leader = Twin() with { Class = JobClass.Bulk };
        await SubmitAsync(leader);
        await RelayAsync();
        await Store.ReserveAsync(worker, [leader.Id], Token);
        await SubmitAsync(Twin() with { Class = JobClass.Interactive });
        Assert.Equal([(leader.Id, JobClass.Interactive, null)], await ToldAsync());
        JobRecord urgent = (await SubmitAsync(Twin() with { Class = JobClass.Bulk, Ttl = TimeSpan.FromHours(1) })).Job!;
        Assert.Equal([(leader.Id, JobClass.Interactive, urgent.Deadline)], await ToldAsync());
        await SubmitAsync(Twin() with { Ttl = TimeSpan.FromHours(2) });
        Assert.Empty(await ToldAsync());
        Assert.Single(await Store.ClaimAsync(worker, [leader.Id], Token));
        await SubmitAsync(Twin() with { Ttl = TimeSpan.FromMinutes(1) });
        Assert.Empty(await ToldAsync());

        async Task<IEnumerable<(JobId, JobClass, DateTimeOffset?)>> ToldAsync() => (await RelayAsync()).Select(row => (row.Job, row.Class, row.Deadline));
    }

    [Fact]
    public async Task A_deadline_that_only_a_follower_has_never_ends_its_leader()
    {
        Guid worker = await WorkerAsync();
        NewJob endless = Twin(), patient = Twin("Another") with { Ttl = TimeSpan.FromHours(2) }, alone = Twin("Alone") with { Ttl = TimeSpan.FromHours(1) };
        await Store.SubmitAsync([endless, patient, alone, Twin() with { Ttl = TimeSpan.FromHours(1) }, Twin("Another") with { Ttl = TimeSpan.FromHours(1) }], Token);
        IReadOnlyList<ReservedJob> held = await Store.ReserveAsync(worker, [endless.Id, patient.Id, alone.Id], Token);
        OnLate Late(NewJob job) => held.Single(j => j.Id == job.Id).OnLate;
        Assert.Equal((OnLate.Run, OnLate.Run, OnLate.Expire), (Late(endless), Late(patient), Late(alone)));
    }

    [Theory]
    [InlineData(JobState.Failed)]
    [InlineData(JobState.Expired)]
    [InlineData(JobState.Cancelled)]
    public async Task When_the_leader_does_not_succeed_the_oldest_follower_takes_over(JobState end)
    {
        Guid worker = await WorkerAsync();
        NewJob leader = Twin(), cancelled = Twin(), heir = Twin(), last = Twin() with { Class = JobClass.Interactive };
        foreach (NewJob job in new[] { leader, cancelled, heir, last })
        {
            await SubmitAsync(job);
        }
        Fence fence = (await RunAsync(worker, leader.Id)).Fence;
        await Store.CancelAsync(Tenant, cancelled.Id, Token);
        await RelayAsync();
        if (end == JobState.Cancelled)
            await Store.CancelAsync(Tenant, leader.Id, Token);
        else
            await Store.FinishAsync(worker, [new JobOutcome { Fence = fence, State = end, Error = new JobError("e", "m") }], Token);
        List<OutboxRow> rows = await RelayAsync();
        Assert.Equal([(heir.Id, JobClass.Interactive)], rows.Where(r => r.Kind == OutboxKind.Ticket).Select(r => (r.Job, r.Class)));
        Assert.Null((await GetAsync(heir.Id)).WaitsFor);
        Assert.Equal(heir.Id, (await GetAsync(last.Id)).WaitsFor);
        Assert.Equal(end, (await GetAsync(leader.Id)).State);
        Assert.Equal(heir.Id, (await SubmitAsync(Twin())).Job!.WaitsFor);
        await SucceedAsync(worker, (await RunAsync(worker, heir.Id)).Fence);
        Assert.Equal(JobState.Succeeded, (await GetAsync(last.Id)).State);
        Assert.Equal(JobState.Cancelled, (await GetAsync(cancelled.Id)).State);
    }

    [Fact]
    public async Task A_retried_leader_keeps_its_followers()
    {
        Guid worker = await WorkerAsync();
        NewJob leader = Twin(), follower = Twin();
        await Store.SubmitAsync([leader, follower], Token);
        await FailAsync(worker, (await RunAsync(worker, leader.Id)).Fence, retryable: true);
        Assert.Equal(leader.Id, (await GetAsync(follower.Id)).WaitsFor);
        await SucceedAsync(worker, (await RunAsync(worker, leader.Id)).Fence);
        Assert.Equal(AnswerSource.Twin, (await GetAsync(follower.Id)).Result!.Source);
    }

    [Fact]
    public async Task Erasing_a_leader_hands_over_to_a_follower()
    {
        NewJob leader = Twin(), follower = Twin();
        await Store.SubmitAsync([leader, follower], Token);
        await RelayAsync();
        Assert.True(await Store.EraseAsync(Tenant, leader.Id, Token));
        Assert.Equal([follower.Id], await TicketsAsync());
        Assert.NotNull(await Store.GetInputAsync(Tenant, follower.Id, Token));
    }
}
