using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>Reserve, steal, claim, release: who may run a job.</summary>
public abstract class DispatchContract(StoreHost host) : StoreContract(host)
{
    private static readonly TimeSpan s_instant = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task A_thousand_jobs_are_reserved_in_one_call_with_all_that_a_former_needs()
    {
        Guid worker = await WorkerAsync();
        NewJob[] jobs = [.. Enumerable.Range(0, 1000).Select(i => Job($"p{i}") with { PrefixKey = i % 3, PrefixChain = i == 0 ? new long[] { 7, long.MinValue } : default })];
        jobs[0] = jobs[0] with { Class = JobClass.Bulk, OnLate = OnLate.Run, Kind = JobKind.Score, Deadline = new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), TraceParent = "00-a-b-01" };
        await Store.SubmitAsync(jobs, Token);
        IReadOnlyList<ReservedJob> got = await Store.ReserveAsync(worker, [.. jobs.Select(j => j.Id), JobId.New(TimeProvider.System)], Token);
        Assert.Equal(jobs.Select(j => j.Id).ToHashSet(), got.Select(j => j.Id).ToHashSet());
        ReservedJob first = got.Single(j => j.Id == jobs[0].Id);
        Assert.Equal((Tenant, "default", Model, JobKind.Score, JobClass.Bulk, OnLate.Run), (first.Tenant, first.Namespace, first.Model, first.Kind, first.Class, first.OnLate));
        Assert.Equal((jobs[0].Deadline, 5, 16, 0L, 0, "00-a-b-01"), (first.Deadline, first.PromptTokens, first.MaxNewTokens, first.PrefixKey, first.Suspicions, first.TraceParent));
        Assert.Equal([7, long.MinValue], first.PrefixChain.ToArray());
        Assert.Equal((await GetAsync(first.Id)).CreatedAt, first.CreatedAt);
        Assert.Equal(JobState.Queued, (await GetAsync(first.Id)).State);
    }

    [Fact]
    public async Task A_reservation_says_what_time_it_is_to_the_store()
    {
        Guid worker = await WorkerAsync();
        NewJob job = Job();
        await SubmitAsync(job);
        await PassAsync(Soon);
        ReservedJob first = Assert.Single(await Store.ReserveAsync(worker, [job.Id], Token));
        Assert.InRange(first.ReservedAt - first.CreatedAt, Soon, TimeSpan.FromMinutes(1));
        await PassAsync(Soon);
        ReservedJob again = Assert.Single(await Store.ReserveAsync(worker, [job.Id], Token));
        Assert.InRange(again.ReservedAt - first.ReservedAt, Soon, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Jobs_that_are_held_running_gone_or_followers_are_not_in_the_answer()
    {
        Guid worker = await WorkerAsync(), second = await WorkerAsync("w2");
        NewJob held = Job(), running = Job(), cancelled = Job(), leader = Twin(), follower = Twin();
        await Store.SubmitAsync([held, running, cancelled, leader, follower], Token);
        await Store.ReserveAsync(worker, [held.Id], Token);
        await RunAsync(worker, running.Id);
        await Store.CancelAsync(Tenant, cancelled.Id, Token);
        IReadOnlyList<ReservedJob> got = await Store.ReserveAsync(second, [held.Id, running.Id, cancelled.Id, leader.Id, follower.Id, leader.Id], Token);
        Assert.Equal(leader.Id, Assert.Single(got).Id);
        Assert.Empty(await Store.ReserveAsync(Guid.NewGuid(), [held.Id], Token));
    }

    [Fact]
    public async Task Only_the_holder_claims_and_each_claim_moves_the_fence()
    {
        Guid worker = await WorkerAsync(), second = await WorkerAsync("w2");
        NewJob job = Job("sugar") with { TraceParent = "00-a-b-01" };
        await SubmitAsync(job);
        Assert.Empty(await Store.ClaimAsync(worker, [job.Id], Token));
        await Store.ReserveAsync(worker, [job.Id], Token);
        Assert.Empty(await Store.ClaimAsync(second, [job.Id], Token));
        ClaimedJob claimed = Assert.Single(await Store.ClaimAsync(worker, [job.Id], Token));
        Assert.Equal((1, Tenant, "default", Model, "sugar", "00-a-b-01"), (claimed.Claims, claimed.Tenant, claimed.Namespace, claimed.Model, claimed.Request.Prompt, claimed.TraceParent));
        JobRecord stored = await GetAsync(job.Id);
        Assert.Equal(JobState.Running, stored.State);
        Assert.NotNull(stored.StartedAt);
        Assert.Equal(1, await Store.ReleaseAsync(worker, [claimed.Fence], Token));
        Assert.Equal(2, (await RunAsync(second, job.Id)).Claims);
    }

    [Fact]
    public async Task A_reservation_and_a_claim_whose_answers_were_lost_give_the_same_when_repeated()
    {
        Guid worker = await WorkerAsync();
        NewJob[] jobs = [Job("one"), Job("two")];
        await Store.SubmitAsync(jobs, Token);
        JobId[] ids = [.. jobs.Select(job => job.Id)];
        await Store.ReserveAsync(worker, ids, Token);
        Assert.Equal(ids.ToHashSet(), (await Store.ReserveAsync(worker, ids, Token)).Select(job => job.Id).ToHashSet());
        await Store.ClaimAsync(worker, [ids[0]], Token);
        IReadOnlyList<ClaimedJob> again = await Store.ClaimAsync(worker, ids, Token);
        Assert.Equal(ids.ToHashSet(), again.Select(job => job.Id).ToHashSet());
        Assert.All(again, job => Assert.Equal(1, job.Claims));
        Assert.All(again, job => Assert.NotNull(job.Request.Prompt));
        Assert.Empty(await Store.ReserveAsync(worker, ids, Token));
    }

    [Fact]
    public async Task A_job_past_its_deadline_expires_at_the_claim_unless_it_runs_late()
    {
        Guid worker = await WorkerAsync();
        NewJob strict = Job() with { Ttl = Soon }, lax = Job() with { Ttl = Soon, OnLate = OnLate.Run };
        await Store.SubmitAsync([strict, lax], Token);
        await Store.ReserveAsync(worker, [strict.Id, lax.Id], Token);
        await RelayAsync();
        await PassAsync(Moment);
        Assert.Equal(lax.Id, Assert.Single(await Store.ClaimAsync(worker, [strict.Id, lax.Id], Token)).Id);
        JobRecord expired = await GetAsync(strict.Id);
        Assert.Equal((JobState.Expired, "deadline_passed", 0), (expired.State, expired.Error!.Code, expired.Claims));
        Assert.Null(expired.StartedAt);
        OutboxRow told = Assert.Single(await RelayAsync());
        Assert.Equal((OutboxKind.JobFinished, JobState.Expired, "deadline_passed"), (told.Kind, told.State, told.ErrorCode));
    }

    [Fact]
    public async Task A_job_claimed_too_often_is_exhausted()
    {
        Guid worker = await WorkerAsync();
        NewJob job = Job();
        await SubmitAsync(job);
        for (int claim = 1; claim <= JobLimits.MaxClaims; claim++)
        {
            ClaimedJob claimed = await RunAsync(worker, job.Id);
            Assert.Equal(claim, claimed.Claims);
            await Store.ReleaseAsync(worker, [claimed.Fence], Token);
        }
        await Store.ReserveAsync(worker, [job.Id], Token);
        Assert.Empty(await Store.ClaimAsync(worker, [job.Id], Token));
        JobRecord stored = await GetAsync(job.Id);
        Assert.Equal((JobState.Failed, "exhausted"), (stored.State, stored.Error!.Code));
    }

    [Fact]
    public async Task What_is_let_go_can_be_taken_by_others_with_a_ticket_when_asked_for()
    {
        Guid worker = await WorkerAsync(), second = await WorkerAsync("w2");
        NewJob quiet = Job(), told = Job(), running = Job();
        await Store.SubmitAsync([quiet, told, running], Token);
        await Store.ReserveAsync(worker, [quiet.Id, told.Id], Token);
        await RunAsync(worker, running.Id);
        await RelayAsync();
        await Store.UnreserveAsync(second, [quiet.Id], true, Token);
        await Store.UnreserveAsync(worker, [running.Id], true, Token);
        Assert.Empty(await TicketsAsync());
        Assert.Empty(await Store.ReserveAsync(second, [quiet.Id, running.Id], Token));
        await Store.UnreserveAsync(worker, [quiet.Id], false, Token);
        Assert.Empty(await TicketsAsync());
        await Store.UnreserveAsync(worker, [told.Id], true, Token);
        Assert.Equal([told.Id], await TicketsAsync());
        Assert.Equal(2, (await Store.ReserveAsync(second, [quiet.Id, told.Id], Token)).Count);
    }

    [Fact]
    public async Task A_thief_takes_whole_prefix_groups_first_and_never_more_than_half()
    {
        Guid victim = await WorkerAsync(), small = await WorkerAsync("w2"), thief = await WorkerAsync("w3");
        NewJob[] jobs = [.. Enumerable.Range(0, 13).Select(i => Job() with { PrefixKey = i < 7 ? 1 : i < 11 ? 2 : 3 })];
        NewJob foreign = Job() with { Model = "other" };
        NewJob[] few = [.. Enumerable.Range(0, 4).Select(_ => Job())];
        await Store.SubmitAsync([.. jobs, .. few, foreign], Token);
        await Store.ReserveAsync(victim, [.. jobs.Select(j => j.Id), foreign.Id], Token);
        await Store.ReserveAsync(small, [.. few.Select(j => j.Id)], Token);
        ClaimedJob running = Assert.Single(await Store.ClaimAsync(victim, [jobs[0].Id], Token));
        IReadOnlyList<ReservedJob> got = await Store.StealAsync(thief, [Model], 100, null, Token);
        // 12 are still queued: half is 6, the groups have 6, 4 and 2; the prefix of the first is in its holder's pages
        Assert.Equal([2, 2, 2, 2, 3, 3], got.Select(j => j.PrefixKey).Order());
        Assert.DoesNotContain(running.Id, got.Select(j => j.Id));
        Assert.Equal(6, (await Store.ClaimAsync(thief, [.. got.Select(j => j.Id)], Token)).Count);
        Assert.Empty(await Store.ClaimAsync(victim, [got[0].Id], Token));
        // no group is taken apart for one job; one that is all there is, for several
        Assert.Empty(await Store.StealAsync(thief, [Model], 1, null, Token));
        Assert.Equal([1, 1, 1], (await Store.StealAsync(thief, [Model], 100, null, Token)).Select(j => j.PrefixKey));
        Assert.Empty(await Store.StealAsync(thief, ["none"], 10, null, Token));
        Assert.Empty(await Store.StealAsync(Guid.NewGuid(), [Model], 10, null, Token));
    }

    [Fact]
    public async Task What_nobody_holds_long_after_its_ticket_is_taken_whole_where_that_is_asked_for()
    {
        Guid thief = await WorkerAsync();
        NewJob[] jobs = [.. Enumerable.Range(0, 5).Select(i => Job() with { PrefixKey = i < 3 ? 1 : 2 }), Twin(), Twin()];
        await Store.SubmitAsync(jobs, Token);
        Assert.Empty(await Store.StealAsync(thief, [Model], 100, null, Token));
        Assert.Empty(await Store.StealAsync(thief, [Model], 100, TimeSpan.FromMinutes(1), Token));
        await PassAsync(Soon);
        Assert.Equal(3, (await Store.StealAsync(thief, [Model], 3, TimeSpan.FromMilliseconds(1), Token)).Count(j => j.PrefixKey == 1));
        // the follower waits for its leader
        Assert.Equal(3, (await Store.StealAsync(thief, [Model], 100, TimeSpan.FromMilliseconds(1), Token)).Count);
        Assert.Empty(await Store.StealAsync(thief, [Model], 100, TimeSpan.FromMilliseconds(1), Token));
    }

    [Fact]
    public async Task Of_what_nobody_holds_only_the_oldest_tickets_are_looked_at()
    {
        Guid thief = await WorkerAsync();
        await Store.SubmitAsync([.. Enumerable.Range(0, 40).Select(i => Job() with { PrefixKey = 100 + i })], Token);
        await PassAsync(s_instant);
        // a group that a thief would rather have, were it among the first 20 times its room
        await Store.SubmitAsync([.. Enumerable.Range(0, 2).Select(_ => Job() with { PrefixKey = 1 })], Token);
        await PassAsync(s_instant);
        IReadOnlyList<ReservedJob> got = await Store.StealAsync(thief, [Model], 2, TimeSpan.FromMilliseconds(1), Token);
        Assert.Equal([100, 101], got.Select(j => j.PrefixKey).Order());
        Assert.Equal([1, 1], (await Store.StealAsync(thief, [Model], 2, TimeSpan.FromMilliseconds(1), Token)).Select(j => j.PrefixKey));
    }

    [Fact]
    public async Task Who_lives_and_consumes_which_shards_is_known_until_it_ends()
    {
        Guid first = Guid.NewGuid(), second = Guid.NewGuid();
        await Store.RegisterWorkerAsync(new WorkerRegistration(first, "w1", [Model, "other"]) { Shards = 8 }, Token);
        await Store.RegisterWorkerAsync(new WorkerRegistration(second, "w2", [Model]), Token);
        IReadOnlyList<WorkerRegistration> both = await Store.WorkersAsync(Token);
        Assert.Equal([("w1", 8), ("w2", null)], both.Select(w => (w.Name, w.Shards)).Order());
        Assert.Equal([Model, "other"], both.Single(w => w.Id == first).Models);
        await Store.RetireWorkerAsync(first, Token);
        Assert.Equal(second, Assert.Single(await Store.WorkersAsync(Token)).Id);
    }

    [Fact]
    public async Task A_drained_worker_releases_what_it_ran_with_nothing_charged()
    {
        Guid worker = await WorkerAsync(), second = await WorkerAsync("w2");
        NewJob job = Job(), kept = Job();
        await Store.SubmitAsync([job, kept], Token);
        Fence fence = (await RunAsync(worker, job.Id)).Fence;
        Fence other = (await RunAsync(second, kept.Id)).Fence;
        await RelayAsync();
        Assert.Equal(1, await Store.ReleaseAsync(worker, [fence, fence with { Claims = 9 }, other], Token));
        Assert.Empty(await TicketsAsync());
        JobRecord stored = await GetAsync(job.Id);
        Assert.Equal((JobState.Queued, 1, 0), (stored.State, stored.Claims, stored.Failures));
        Assert.Null(stored.StartedAt);
        Assert.Equal(0, await Store.ReleaseAsync(worker, [fence], Token));
        ReservedJob again = Assert.Single(await Store.ResumeAsync(second, [Model], 10, Token));
        Assert.Equal((job.Id, 0), (again.Id, again.Suspicions));
    }

    [Fact]
    public async Task A_worker_learns_which_of_its_running_jobs_are_lost()
    {
        Guid worker = await WorkerAsync(), second = await WorkerAsync("w2");
        NewJob cancelled = Job(), fine = Job(), requeued = Job();
        await Store.SubmitAsync([cancelled, fine, requeued], Token);
        Fence[] fences = [(await RunAsync(worker, cancelled.Id)).Fence, (await RunAsync(worker, fine.Id)).Fence, (await RunAsync(worker, requeued.Id)).Fence];
        Assert.Empty(await Store.FindLostAsync(worker, fences, Token));
        await Store.CancelAsync(Tenant, cancelled.Id, Token);
        await Store.ReleaseAsync(worker, [fences[2]], Token);
        await RunAsync(second, requeued.Id);
        Assert.Equal([cancelled.Id, requeued.Id], await Store.FindLostAsync(worker, fences, Token));
    }

    [Fact]
    public async Task A_worker_learns_all_that_is_down_to_it()
    {
        Guid worker = await WorkerAsync(), second = await WorkerAsync("w2");
        NewJob held = Job(), running = Job(), again = Job(), done = Job(), others = Job(), free = Job();
        await Store.SubmitAsync([held, running, again, done, others, free], Token);
        Assert.Empty(await Store.HeldAsync(worker, Token));
        await Store.ReserveAsync(worker, [held.Id], Token);
        Fence fence = (await RunAsync(worker, running.Id)).Fence;
        await Store.ReleaseAsync(worker, [(await RunAsync(worker, again.Id)).Fence], Token);
        await Store.ReserveAsync(worker, [again.Id], Token);
        await SucceedAsync(worker, (await RunAsync(worker, done.Id)).Fence);
        await RunAsync(second, others.Id);
        Holding[] expected = [new(new Fence(held.Id, 0), false), new(fence, true), new(new Fence(again.Id, 1), false)];
        Assert.Equal(expected.ToHashSet(), (await Store.HeldAsync(worker, Token)).ToHashSet());
    }
}
