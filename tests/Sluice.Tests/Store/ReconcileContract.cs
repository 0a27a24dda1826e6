using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>Dead workers, lost tickets, passed deadlines, and the counts.</summary>
public abstract class ReconcileContract(StoreHost host) : StoreContract(host)
{
    private static readonly ReconcileOptions Patient = new() { HeartbeatTimeout = TimeSpan.FromHours(1), TicketTimeout = TimeSpan.FromHours(1) };

    [Fact]
    public async Task A_silent_worker_is_declared_dead_and_what_it_had_goes_back()
    {
        Guid silent = await WorkerAsync(), alive = await WorkerAsync("w2");
        NewJob held = Job(), running = Job(), beside = Job(), others = Job();
        await Store.SubmitAsync([held, running, beside, others], Token);
        await Store.ReserveAsync(silent, [held.Id], Token);
        Fence stale = (await RunAsync(silent, running.Id)).Fence;
        await RunAsync(silent, beside.Id);
        Fence kept = (await RunAsync(alive, others.Id)).Fence;
        await RelayAsync();
        await PassAsync(Moment);
        Assert.True(await Store.HeartbeatAsync(alive, Token));
        ReconcileReport report = await Store.ReconcileAsync(Patient with { HeartbeatTimeout = Soon }, Token);
        Assert.Equal(new ReconcileReport(1, 2, 1, 0, 0, 0), report);
        Assert.False(await Store.HeartbeatAsync(silent, Token));
        Assert.Equal([held.Id], await TicketsAsync()); // what had begun needs none
        Assert.Equal((JobState.Queued, 1, 0), ((await GetAsync(running.Id)).State, (await GetAsync(running.Id)).Claims, (await GetAsync(running.Id)).Failures));
        Assert.False(await SucceedAsync(silent, stale));
        Assert.Empty(await Store.ReserveAsync(silent, [held.Id], Token));
        IReadOnlyList<ReservedJob> again = [.. await Store.ReserveAsync(alive, [held.Id], Token), .. await Store.ResumeAsync(alive, [Model], 1, Token)];
        Assert.Equal([(held.Id, 0), (running.Id, 1)], again.Select(j => (j.Id, j.Suspicions)).OrderBy(j => j.Suspicions));
        Assert.True(await SucceedAsync(alive, kept));
    }

    [Fact]
    public async Task A_worker_that_starts_again_declares_its_former_incarnation_dead_at_once()
    {
        Guid former = await WorkerAsync(), other = await WorkerAsync("w2");
        NewJob held = Job(), running = Job(), others = Job();
        await Store.SubmitAsync([held, running, others], Token);
        await Store.ReserveAsync(former, [held.Id], Token);
        await RunAsync(former, running.Id);
        await Store.ReserveAsync(other, [others.Id], Token);
        await RelayAsync();
        Guid reborn = await WorkerAsync();
        Assert.False(await Store.HeartbeatAsync(former, Token));
        Assert.True(await Store.HeartbeatAsync(other, Token));
        Assert.Equal([held.Id], await TicketsAsync());
        Assert.Equal([held.Id, running.Id], (await Store.ReserveAsync(reborn, [held.Id, running.Id, others.Id], Token)).OrderBy(j => j.Suspicions).Select(j => j.Id));
    }

    [Fact]
    public async Task What_had_begun_is_resumed_without_a_ticket_by_one_worker_the_oldest_first_whoever_held_it_when_its_holder_died()
    {
        Guid first = await WorkerAsync();
        NewJob[] begun = [Job(), Job(), Job()];
        NewJob queued = Job(), foreign = Job() with { Model = "other" };
        await Store.SubmitAsync([.. begun, queued, foreign], Token);
        foreach (NewJob job in begun.Append(foreign))
        {
            await RunAsync(first, job.Id);
        }
        Guid second = await WorkerAsync();
        Assert.Equal(3, (await Store.ResumeAsync(second, [Model], 10, Token)).Count);
        Assert.Empty(await Store.ResumeAsync(second, [Model], 10, Token));
        Guid third = await WorkerAsync(), fourth = await WorkerAsync("w2"); // what the second only held was never running there
        await Store.CancelAsync(Tenant, begun[1].Id, Token);
        await RelayAsync();
        await PassAsync(Moment);
        await Store.ReconcileAsync(Patient with { TicketTimeout = Soon }, Token);
        Assert.Equal([queued.Id], await TicketsAsync());
        Assert.Empty(await Store.ResumeAsync(Guid.NewGuid(), [Model], 10, Token));
        Assert.Equal([begun[0].Id], (await Store.ResumeAsync(third, [Model], 1, Token)).Select(job => job.Id));
        ReservedJob other = Assert.Single(await Store.ResumeAsync(fourth, [Model], 10, Token));
        Assert.Equal((begun[2].Id, 1), (other.Id, other.Suspicions));
        await Store.UnreserveAsync(fourth, [other.Id], reticket: true, Token);
        await Store.UnreserveAsync(third, [begun[0].Id], reticket: false, Token);
        Assert.Empty(await TicketsAsync());
        Assert.Equal([begun[0].Id, begun[2].Id], (await Store.ResumeAsync(fourth, [Model], 10, Token)).Select(job => job.Id).OrderBy(id => id.Value));
    }

    [Fact]
    public async Task A_retired_workers_jobs_are_free_and_nobody_is_suspected()
    {
        Guid worker = await WorkerAsync(), second = await WorkerAsync("w2");
        NewJob held = Job(), running = Job();
        await Store.SubmitAsync([held, running], Token);
        await Store.ReserveAsync(worker, [held.Id], Token);
        await RunAsync(worker, running.Id);
        await Store.RetireWorkerAsync(worker, Token);
        Assert.False(await Store.HeartbeatAsync(worker, Token));
        IReadOnlyList<ReservedJob> again = await Store.ReserveAsync(second, [held.Id, running.Id], Token);
        Assert.Equal([0, 0], again.Select(j => j.Suspicions));
    }

    [Fact]
    public async Task Queued_jobs_that_nobody_holds_get_a_new_ticket_when_theirs_is_old()
    {
        Guid worker = await WorkerAsync();
        NewJob lost = Job(), held = Job(), leader = Twin(), follower = Twin();
        await Store.SubmitAsync([lost, held, leader, follower], Token);
        await Store.ReserveAsync(worker, [held.Id, leader.Id], Token);
        await RelayAsync();
        Assert.Equal(0, (await Store.ReconcileAsync(Patient, Token)).Reticketed);
        await PassAsync(Moment);
        NewJob fresh = Job();
        await SubmitAsync(fresh);
        ReconcileOptions options = Patient with { TicketTimeout = Soon };
        Assert.Equal(new ReconcileReport(0, 0, 0, 0, 1, 0), await Store.ReconcileAsync(options, Token));
        Assert.Equal([fresh.Id, lost.Id], await TicketsAsync());
        Assert.Equal(0, (await Store.ReconcileAsync(options, Token)).Reticketed);
    }

    [Fact]
    public async Task Tickets_that_are_sent_again_are_for_many_jobs_at_once()
    {
        NewJob[] one = [.. Enumerable.Range(0, 150).Select(_ => Job())], few = [.. Enumerable.Range(0, 6).Select(i => Job() with { PrefixKey = 100 + (i / 2), Ttl = TimeSpan.FromHours(1 + i) })];
        NewJob urgent = Job() with { Class = JobClass.Interactive, Deadline = null };
        await Store.SubmitAsync([.. one, .. few, urgent], Token);
        await RelayAsync();
        await PassAsync(Moment);
        Assert.Equal(157, (await Store.ReconcileAsync(Patient with { TicketTimeout = Soon }, Token)).Reticketed);
        List<OutboxRow> tickets = await RelayAsync();
        JobId[] Of(OutboxRow row) => [.. row.Jobs ?? [row.Job]];
        Assert.Equal([1, 6, 22, 64, 64], tickets.Select(row => Of(row).Length).Order());
        Assert.Equal(one.Concat(few).Append(urgent).Select(job => job.Id).ToHashSet(), tickets.SelectMany(Of).ToHashSet());
        Assert.All(tickets, row => Assert.Contains(row.Job, Of(row)));
        OutboxRow mixed = Assert.Single(tickets, row => Of(row).Length == 6), alone = Assert.Single(tickets, row => Of(row).Length == 1);
        Assert.Equal((JobClass.Interactive, (DateTimeOffset?)null), (alone.Class, alone.Deadline));
        Assert.Equal((await GetAsync(few[0].Id)).Deadline, mixed.Deadline);
        Assert.All(tickets.Where(row => Of(row).Length > 6), row => Assert.Equal((7L, JobClass.Standard), (row.PrefixKey, row.Class)));
    }

    [Fact]
    public async Task Tickets_of_a_job_come_ever_more_rarely_but_come()
    {
        ReconcileOptions options = Patient with { TicketTimeout = TimeSpan.FromSeconds(0.5) };
        await SubmitAsync(Job());
        await PassAsync(TimeSpan.FromSeconds(4.1));
        Assert.Equal(1, (await Store.ReconcileAsync(options, Token)).Reticketed);
        await PassAsync(TimeSpan.FromSeconds(0.6));
        Assert.Equal(0, (await Store.ReconcileAsync(options, Token)).Reticketed);
        await PassAsync(ReconcileOptions.MaxBackoff * options.TicketTimeout);
        Assert.Equal(1, (await Store.ReconcileAsync(options, Token)).Reticketed);
    }

    [Fact]
    public async Task Tickets_that_went_with_a_broker_come_again_at_once_the_oldest_first_and_later_ones_do_not()
    {
        NewJob[] old = [Job(), Job(), Job()];
        NewJob held = Job(), fresh = Job();
        Guid worker = await WorkerAsync();
        foreach (NewJob job in old)
        {
            await SubmitAsync(job);
        }
        await SubmitAsync(held);
        await Store.ReserveAsync(worker, [held.Id], Token);
        await RelayAsync();
        await ShiftAsync(TimeSpan.FromMinutes(2));
        await SubmitAsync(fresh);
        await RelayAsync();
        Assert.Equal(0, (await Store.ReconcileAsync(Patient, Token)).Reticketed);
        ReconcileOptions options = Patient with { TicketsLost = TimeSpan.FromMinutes(1), Max = 2 };
        Assert.Equal(new ReconcileReport(0, 0, 0, 0, 2, 0), await Store.ReconcileAsync(options, Token));
        Assert.Equal(old.Take(2).Select(job => job.Id), (await TicketsAsync()).OrderBy(id => id.Value));
        Assert.Equal(1, (await Store.ReconcileAsync(options, Token)).Reticketed);
        Assert.Equal([old[2].Id], await TicketsAsync());
        Assert.Equal(0, (await Store.ReconcileAsync(options, Token)).Reticketed);
    }

    [Fact]
    public async Task A_round_touches_at_most_its_maximum()
    {
        await Store.SubmitAsync([.. Enumerable.Range(0, 5).Select(_ => Job())], Token);
        await RelayAsync();
        await PassAsync(Moment);
        ReconcileOptions options = Patient with { TicketTimeout = Soon, Max = 3 };
        Assert.Equal(3, (await Store.ReconcileAsync(options, Token)).Reticketed);
        Assert.Equal(2, (await Store.ReconcileAsync(options, Token)).Reticketed);
    }

    [Fact]
    public async Task Jobs_past_their_deadline_expire_queued_or_running_unless_they_run_late()
    {
        Guid worker = await WorkerAsync();
        NewJob queued = Job() with { Ttl = Soon }, running = Job() with { Ttl = Soon }, lax = Job() with { Ttl = Soon, OnLate = OnLate.Run }, later = Job() with { Ttl = TimeSpan.FromHours(1) };
        await Store.SubmitAsync([queued, running, lax, later], Token);
        Fence fence = (await RunAsync(worker, running.Id)).Fence;
        await PassAsync(Moment);
        Assert.Equal(2, (await Store.ReconcileAsync(Patient, Token)).Expired);
        Assert.Equal([JobState.Expired, JobState.Expired, JobState.Queued, JobState.Queued],
            await Task.WhenAll(new[] { queued, running, lax, later }.Select(async j => (await GetAsync(j.Id)).State)));
        Assert.Equal([running.Id], await Store.FindLostAsync(worker, [fence], Token));
        Assert.False(await SucceedAsync(worker, fence));
    }

    [Fact]
    public async Task An_expired_follower_leaves_and_an_expired_leader_hands_over()
    {
        NewJob leader = Twin() with { Ttl = Soon }, hasty = Twin() with { Ttl = Soon }, heir = Twin(), last = Twin();
        await Store.SubmitAsync([leader, hasty, heir, last], Token);
        await RelayAsync();
        await PassAsync(Moment);
        Assert.Equal(2, (await Store.ReconcileAsync(Patient, Token)).Expired);
        Assert.Equal([heir.Id], await TicketsAsync());
        Assert.Null((await GetAsync(heir.Id)).WaitsFor);
        Assert.Equal(heir.Id, (await GetAsync(last.Id)).WaitsFor);
    }

    [Fact]
    public async Task A_job_that_dies_with_its_worker_too_often_is_exhausted()
    {
        NewJob job = Job(), beside = Job();
        await Store.SubmitAsync([job, beside], Token);
        for (int claim = 1; claim <= JobLimits.MaxClaims; claim++)
        {
            Guid worker = await WorkerAsync();
            await RunAsync(worker, job.Id);
            await RunAsync(worker, beside.Id);
        }
        await PassAsync(Moment);
        ReconcileReport report = await Store.ReconcileAsync(Patient with { HeartbeatTimeout = Soon }, Token);
        Assert.Equal((1, 0, 2), (report.DeadWorkers, report.Requeued, report.Exhausted));
        JobRecord stored = await GetAsync(job.Id);
        Assert.Equal((JobState.Failed, "exhausted", JobLimits.MaxClaims), (stored.State, stored.Error!.Code, stored.Claims));
    }

    [Fact]
    public async Task The_counts_say_where_jobs_stand()
    {
        Guid worker = await WorkerAsync();
        NewJob running = Job(), done = Job();
        await Store.SubmitAsync([running, done, Job(), Job(), Job(tenant: Other), Twin(), Twin()], Token);
        await RunAsync(worker, running.Id);
        await SucceedAsync(worker, (await RunAsync(worker, done.Id)).Fence);
        StoreStatistics statistics = await Store.StatisticsAsync(Token);
        Assert.Equal((5L, 1L, 7L), (statistics.Queued, statistics.Running, statistics.Outbox));
        Assert.Equal([(Tenant, 4L), (Other, 1L)], statistics.QueuedByTenant.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => (t.Key, t.Value)));
        Assert.Equal(4L * (running.PromptTokens + running.MaxNewTokens), statistics.QueuedTokensByTenant[Tenant]);
    }
}
