using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>Whom the death of a worker is held against.</summary>
public abstract class PoisonContract(StoreHost host) : StoreContract(host)
{
    private static readonly ReconcileOptions Silence = new() { HeartbeatTimeout = Soon, TicketTimeout = TimeSpan.FromHours(1) };

    [Fact]
    public async Task Of_jobs_that_ran_together_all_are_suspect_and_none_is_charged_however_often()
    {
        NewJob one = Job(), two = Job(), held = Job();
        await Store.SubmitAsync([one, two, held], Token);
        for (int death = 1; death <= 4; death++)
        {
            Guid worker = await WorkerAsync();
            await Store.ReserveAsync(worker, [held.Id], Token);
            await RunAsync(worker, one.Id);
            await RunAsync(worker, two.Id);
        }
        IReadOnlyList<ReservedJob> again = await Store.ReserveAsync(await WorkerAsync(), [one.Id, two.Id, held.Id], Token);
        Assert.Equal([(one.Id, 4), (two.Id, 4), (held.Id, 0)], again.OrderBy(j => j.Id.Value).Select(j => (j.Id, j.Suspicions)));
        Assert.All(await Task.WhenAll(new[] { one, two, held }.Select(j => GetAsync(j.Id))), j => Assert.Equal((JobState.Queued, 0), (j.State, j.Failures)));
    }

    [Fact]
    public async Task A_lone_job_of_the_normal_lane_is_made_suspect_by_its_workers_death_and_not_charged()
    {
        NewJob job = Job();
        await SubmitAsync(job);
        await RunAsync(await WorkerAsync(), job.Id);
        Guid next = await WorkerAsync();
        Assert.Equal((JobState.Queued, 0), ((await GetAsync(job.Id)).State, (await GetAsync(job.Id)).Failures));
        Assert.Equal(1, Assert.Single(await Store.ReserveAsync(next, [job.Id], Token)).Suspicions);
    }

    [Fact]
    public async Task A_suspect_whose_worker_died_three_times_with_nothing_else_running_ends_as_poison_and_its_twin_takes_over()
    {
        NewJob killer = Twin(), twin = Twin(), innocent = Job();
        await Store.SubmitAsync([killer, twin, innocent], Token);
        await RunAsync(await WorkerAsync(), killer.Id);
        Guid first = await WorkerAsync();
        await Store.ReserveAsync(first, [innocent.Id], Token);
        await RunAsync(first, killer.Id);
        Guid second = await WorkerAsync(), other = await WorkerAsync("w2");
        Assert.Equal((JobState.Queued, 1), ((await GetAsync(killer.Id)).State, (await GetAsync(killer.Id)).Failures));
        await RunAsync(other, innocent.Id); // another worker's job does not count
        await RunAsync(second, killer.Id);
        Guid third = await WorkerAsync();
        Assert.Equal((JobState.Queued, 2), ((await GetAsync(killer.Id)).State, (await GetAsync(killer.Id)).Failures)); // whoever is killed at random may be so twice
        await RunAsync(third, killer.Id);
        await RelayAsync();
        await PassAsync(Moment);
        await Store.HeartbeatAsync(other, Token);
        ReconcileReport report = await Store.ReconcileAsync(Silence, Token);
        Assert.Equal(new ReconcileReport(1, 0, 0, 0, 0, 0, 1), report);
        JobRecord ended = await GetAsync(killer.Id);
        Assert.Equal((JobState.Failed, "poison", 3, 4), (ended.State, ended.Error!.Code, ended.Failures, ended.Claims));
        List<OutboxRow> told = await RelayAsync();
        OutboxRow finished = Assert.Single(told, row => row.Kind == OutboxKind.JobFinished);
        Assert.Equal((killer.Id, JobState.Failed, "poison"), (finished.Job, finished.State, finished.ErrorCode));
        Assert.Equal(twin.Id, Assert.Single(told, row => row.Kind == OutboxKind.Ticket).Job);
        Assert.Null((await GetAsync(twin.Id)).WaitsFor);
        Assert.Equal((JobState.Running, 0), ((await GetAsync(innocent.Id)).State, (await GetAsync(innocent.Id)).Failures));
    }

    [Fact]
    public async Task Two_deaths_alone_are_enough_after_five_in_all()
    {
        NewJob killer = Job(), beside = Job();
        await Store.SubmitAsync([killer, beside], Token);
        for (int death = 1; death < JobLimits.LeastDeaths; death++)
        {
            Guid worker = await WorkerAsync();
            await RunAsync(worker, killer.Id);
            if (death < JobLimits.LeastDeaths - 1)
            {
                await RunAsync(worker, beside.Id);
            }
        }
        Guid last = await WorkerAsync();
        Assert.Equal((JobState.Queued, 1), ((await GetAsync(killer.Id)).State, (await GetAsync(killer.Id)).Failures));
        await RunAsync(last, killer.Id);
        await WorkerAsync();
        JobRecord ended = await GetAsync(killer.Id);
        Assert.Equal((JobState.Failed, "poison", 2, JobLimits.LeastDeaths), (ended.State, ended.Error!.Code, ended.Failures, ended.Claims));
        Assert.Equal((JobState.Queued, 0), ((await GetAsync(beside.Id)).State, (await GetAsync(beside.Id)).Failures));
    }

    [Fact]
    public async Task A_death_in_company_between_two_alone_is_not_counted_and_a_retirement_never_is()
    {
        NewJob job = Job(), beside = Job();
        await Store.SubmitAsync([job, beside], Token);
        await RunAsync(await WorkerAsync(), job.Id);
        await RunAsync(await WorkerAsync(), job.Id);
        for (int death = 1; death <= 2; death++)
        {
            Guid together = await WorkerAsync();
            await RunAsync(together, job.Id);
            await RunAsync(together, beside.Id);
        }
        Guid retired = await WorkerAsync();
        await RunAsync(retired, job.Id);
        await Store.RetireWorkerAsync(retired, Token);
        Assert.Equal((JobState.Queued, 1), ((await GetAsync(job.Id)).State, (await GetAsync(job.Id)).Failures));
        await RunAsync(await WorkerAsync(), job.Id);
        await WorkerAsync();
        Assert.Equal("poison", (await GetAsync(job.Id)).Error!.Code);
        Assert.Equal((JobState.Queued, 0), ((await GetAsync(beside.Id)).State, (await GetAsync(beside.Id)).Failures));
    }

    [Fact]
    public async Task A_death_in_the_company_of_a_job_that_expires_in_the_same_round_is_no_death_alone()
    {
        NewJob suspect = Job(), late = Job() with { Ttl = Soon };
        await Store.SubmitAsync([suspect, late], Token);
        await RunAsync(await WorkerAsync(), suspect.Id);
        Guid worker = await WorkerAsync();
        await RunAsync(worker, suspect.Id);
        await RunAsync(worker, late.Id);
        await PassAsync(Moment);
        await Store.ReconcileAsync(Silence, Token);
        Assert.Equal(JobState.Expired, (await GetAsync(late.Id)).State);
        Assert.Equal((JobState.Queued, 0), ((await GetAsync(suspect.Id)).State, (await GetAsync(suspect.Id)).Failures));
    }

    [Fact]
    public async Task A_lone_death_counts_with_the_failures_that_the_engine_reported()
    {
        NewJob job = Job();
        await SubmitAsync(job);
        Guid worker = await WorkerAsync();
        for (int failure = 1; failure < JobLimits.MaxFailures; failure++)
        {
            Assert.True(await FailAsync(worker, (await RunAsync(worker, job.Id)).Fence, retryable: true));
        }
        await RunAsync(worker, job.Id);
        await RunAsync(await WorkerAsync(), job.Id);
        await WorkerAsync();
        JobRecord ended = await GetAsync(job.Id);
        Assert.Equal((JobState.Failed, "poison", JobLimits.MaxFailures), (ended.State, ended.Error!.Code, ended.Failures));
    }

    [Fact]
    public async Task A_round_that_frees_only_some_of_what_was_held_takes_no_job_for_one_that_ran_alone()
    {
        Guid worker = await WorkerAsync();
        NewJob[] jobs = [.. Enumerable.Range(0, 8).Select(_ => Job())];
        await Store.SubmitAsync(jobs, Token);
        await Store.ReserveAsync(worker, [.. jobs.Select(j => j.Id)], Token);
        await Store.ClaimAsync(worker, [.. jobs.TakeLast(3).Select(j => j.Id)], Token);
        await PassAsync(Moment);
        ReconcileOptions few = Silence with { Max = 2 };
        ReconcileReport[] rounds = [await Store.ReconcileAsync(few, Token), await Store.ReconcileAsync(few, Token), await Store.ReconcileAsync(few, Token), await Store.ReconcileAsync(few, Token)];
        Assert.Equal((3, 5, 0), (rounds.Sum(r => r.Requeued), rounds.Sum(r => r.Freed), rounds.Sum(r => r.Poisoned)));
        Assert.All(await Task.WhenAll(jobs.Select(j => GetAsync(j.Id))), j => Assert.Equal((JobState.Queued, 0), (j.State, j.Failures)));
    }
}
