using Sluice.Engine;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Inference;

/// <summary>"Dispatch" of the design, line by line, on the real broker and database.</summary>
[Collection(PostgresTests.Name)]
public sealed class DispatchTests(PostgresDatabase database) : RealRigs(database)
{
    [Fact]
    public async Task Jobs_go_through_broker_and_worker_and_each_runs_once()
    {
        WorkerRig rig = await StartAsync("w1");
        JobRecord[] jobs = await rig.EndAllAsync(await rig.SubmitManyAsync(500, i => Prompt($"job {i}")), seconds: 300);
        Assert.All(jobs, job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
        Assert.Equal(500, await CountAsync("select count(*) from usage"));
    }

    [Fact]
    public async Task Two_equal_prompts_at_once_run_once()
    {
        WorkerRig rig = await StartAsync("w1", new StubOptions { BatchTime = TimeSpan.FromMilliseconds(300) });
        JobRequest request = new() { Model = StubModel.Name, Prompt = "the same" };
        JobRecord[] jobs = await rig.EndAllAsync(await rig.SubmitManyAsync(2, _ => request));
        Assert.All(jobs, job => Assert.Equal(JobState.Succeeded, job.State));
        Assert.Single(jobs, job => job.Result!.Source == AnswerSource.Engine);
        Assert.Equal(1, await CountAsync("select sum(claims) from jobs"));
    }

    [Fact]
    public async Task Five_thousand_queued_jobs_are_all_held_by_one_worker_and_a_second_gets_its_share()
    {
        StubOptions slow = new() { MaxSequences = 1, BatchTime = TimeSpan.FromMinutes(5) };
        WorkerRig first = await StartAsync("w1", slow);
        await first.SubmitManyAsync(5000, i => Prompt($"job {i}"));
        Guid held = first.Get<Incarnation>().Current.Id;
        await WorkerRig.EventuallyAsync(async () => await CountAsync($"select count(*) from jobs where held_by = '{held}'") == 5000, "the first holds all", 600);
        Assert.InRange(first.Get<HeldJobs>().Count, 4990, 5000);

        WorkerRig second = await StartAsync("w2", slow);
        Guid other = second.Get<Incarnation>().Current.Id;
        await WorkerRig.EventuallyAsync(async () => await CountAsync($"select count(*) from jobs where held_by = '{other}'") >= 500, "the second has a share", 300);
        Assert.Equal(5000, await CountAsync("select count(*) from jobs where held_by is not null"));
    }

    [Fact]
    public async Task A_wiped_broker_costs_time_but_no_job()
    {
        WorkerRig api = await StartAsync(null);
        JobId[] ids = await api.SubmitManyAsync(50, i => Prompt($"wiped {i}"));
        await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from outbox") == 0, "all tickets are with the broker");
        await WorkerRig.EventuallyAsync(
            async () =>
            {
                await Broker.PurgeTicketsAsync();
                return await Broker.TicketsAsync() == 0; // a queue's own count may lag behind
            },
            "no ticket is left");
        // nothing is taken but what a ticket brings
        WorkerRig worker = await StartAsync("w1", null, ("Worker:TicketTimeout", "00:00:01"), ("Worker:StealAfter", "01:00:00"));
        Assert.All(await worker.EndAllAsync(ids), job => Assert.Equal(JobState.Succeeded, job.State));
    }

    [Fact]
    public async Task A_doubled_ticket_harms_nobody()
    {
        WorkerRig rig = await StartAsync("w1", new StubOptions { BatchTime = TimeSpan.FromMilliseconds(300) });
        JobId id = await rig.SubmitAsync(Prompt("twice"));
        OutboxRow row = new() { Id = 0, Kind = OutboxKind.Ticket, Job = id, Tenant = "t1", Model = StubModel.Name, Class = JobClass.Standard, PrefixKey = 0, CreatedAt = default };
        await rig.Get<Service.Queue.OutboxPublisher>().PublishAsync([row, row, row], CancellationToken.None);
        JobRecord job = await rig.EndAsync(id);
        await rig.Get<Service.Queue.OutboxPublisher>().PublishAsync([row], CancellationToken.None);
        Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims));
        await WorkerRig.EventuallyAsync(() => rig.Get<HeldJobs>().Count == 0, "nothing is held");
    }

    [Fact]
    public async Task A_result_whose_fence_has_moved_is_discarded_and_counted()
    {
        using ManualResetEventSlim cancelled = new();
        StubOptions gated = new()
        {
            Fault = _ =>
            {
                cancelled.Wait();
                return StubFault.None;
            },
        };
        WorkerRig rig = await StartAsync("w1", gated, ("Worker:LostInterval", "01:00:00"));
        JobId id = await rig.SubmitAsync(Prompt("too late"));
        await WorkerRig.EventuallyAsync(async () => (await rig.Store.GetAsync("t1", id, default))!.State == JobState.Running, "the job runs");
        await rig.Store.CancelAsync("t1", id, default);
        cancelled.Set();
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("Discarded 1 of 1", StringComparison.Ordinal)), "the result is discarded");
        Assert.Equal(JobState.Cancelled, (await rig.Store.GetAsync("t1", id, default))!.State);
        Assert.Equal(0, await CountAsync("select count(*) from usage"));
    }

    [Fact]
    public async Task A_restarted_worker_declares_its_former_self_dead_at_once()
    {
        Guid former = Guid.NewGuid();
        WorkerRig api = await StartAsync(null);
        await api.Store.RegisterWorkerAsync(new WorkerRegistration(former, "w1", [StubModel.Name]), default);
        JobId[] ids = await api.SubmitManyAsync(2, i => Prompt($"run by the dead {i}"));
        await api.Store.ReserveAsync(former, ids, default);
        await api.Store.ClaimAsync(former, ids, default);
        WorkerRig worker = await StartAsync("w1");
        Assert.All(await worker.EndAllAsync(ids), job => Assert.Equal((JobState.Succeeded, 2, 0), (job.State, job.Claims, job.Failures)));
    }

    [Fact]
    public async Task A_job_whose_deadline_passed_in_the_queue_is_expired_not_run()
    {
        WorkerRig api = await StartAsync(null);
        JobId id = await api.SubmitAsync(Prompt("too late") with { Ttl = 1 });
        JobRecord job = await api.EndAsync(id);
        Assert.Equal((JobState.Expired, 0), (job.State, job.Claims));
    }

    [Fact]
    public async Task A_drain_releases_what_did_not_end_and_charges_nothing()
    {
        WorkerRig rig = await StartAsync("w1", new StubOptions { MaxSequences = 2, BatchTime = TimeSpan.FromMinutes(5) }, ("Worker:DrainTime", "00:00:05"));
        JobId[] ids = await rig.SubmitManyAsync(10, i => Prompt($"drained {i}"));
        await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from jobs where state = 1") == 2, "two run");
        await WorkerRig.EventuallyAsync(() => rig.Get<HeldJobs>().Count == 8, "the others are held");
        await rig.StopAsync();
        Assert.Equal(10, await CountAsync("select count(*) from jobs where state = 0 and held_by is null and failures = 0 and suspicions = 0"));
        Assert.Equal(0, await CountAsync("select count(*) from workers"));
        WorkerRig next = await StartAsync("w2");
        Assert.All(await next.EndAllAsync(ids), job => Assert.Equal((JobState.Succeeded, 0), (job.State, job.Failures)));
    }
}
