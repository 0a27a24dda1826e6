using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>What failed is tried again by its owner, twice over, while those who do the work die: nothing is doubled.</summary>
public abstract class ReplayContract(StoreHost host) : StoreContract(host)
{
    private const int Jobs = 200, Deliveries = 60;

    [Fact]
    public async Task Failed_jobs_that_are_replayed_twice_while_workers_die_run_to_one_end_each_and_stay_failed_themselves()
    {
        Random random = new(38);
        NewJob[] failed = [.. Enumerable.Range(0, Jobs).Select(i => Job($"failed {i}"))];
        Guid worker = await WorkerAsync();
        await Store.SubmitAsync(failed, Token);
        foreach (ClaimedJob job in await RunAllAsync(worker, failed))
        {
            Assert.True(await FailAsync(worker, job.Fence));
        }
        await RelayAsync();

        Dictionary<JobId, JobId> retries = [];
        List<JobId> told = [];
        foreach (int pass in (int[])[1, 2])
        {
            foreach (NewJob[] some in failed.Chunk(20))
            {
                foreach (NewJob job in some)
                {
                    SubmitResult again = await SubmitAsync(Job(job.Request.Prompt!) with { RetryOf = job.Id, IdempotencyKey = $"retry {job.Id}", RequestHash = Hash(job.Request.Prompt!) });
                    Assert.Equal(pass == 1 ? SubmitOutcome.Queued : SubmitOutcome.Replayed, again.Outcome);
                    Assert.Equal(job.Id, again.Job!.RetryOf);
                    Assert.Equal(retries.TryAdd(job.Id, again.Job.Id) ? again.Job.Id : retries[job.Id], again.Job.Id);
                }
                worker = await DieOnceAsync(worker, [.. retries.Values.Where(_ => random.Next(3) == 0).Take(40)], random);
                told.AddRange((await RelayAsync()).Where(row => row.Kind == OutboxKind.JobFinished).Select(row => row.Job));
            }
        }
        foreach (JobId id in retries.Values)
        {
            if ((await Store.ReserveAsync(worker, [id], Token)).Count > 0)
                Assert.True(await SucceedAsync(worker, Assert.Single(await Store.ClaimAsync(worker, [id], Token)).Fence));
        }

        told.AddRange((await RelayAsync()).Where(row => row.Kind == OutboxKind.JobFinished).Select(row => row.Job));
        Assert.Equal(retries.Values.Order(Comparer<JobId>.Create((a, b) => a.Value.CompareTo(b.Value))), told.OrderBy(id => id.Value));
        Dictionary<JobId, JobRecord> all = (await Store.ListAsync(Tenant, new JobQuery { Limit = 1000 }, Token)).ToDictionary(job => job.Id);
        Assert.Equal(2 * Jobs, all.Count);
        Assert.All(failed, job => Assert.Equal((JobState.Failed, 1), (all[job.Id].State, all[job.Id].Claims)));
        Assert.All(retries.Values, id => Assert.Equal((JobState.Succeeded, 0), (all[id].State, all[id].Failures)));
        Assert.True(retries.Values.Count(id => all[id].Claims > 1) > Jobs / 20, "no worker died with work in hand");
    }

    [Fact]
    public async Task Webhooks_that_are_replayed_twice_while_senders_die_go_out_under_their_id_with_their_bytes_and_end_once()
    {
        Random random = new(38);
        Guid endpoint = Guid.CreateVersion7();
        Assert.True(await Webhooks.AddAsync(new NewWebhookEndpoint(endpoint, Tenant, "https://hooks.example.org/in", [], [7]), 5, Token));
        Guid worker = await WorkerAsync();
        NewJob[] jobs = [.. Enumerable.Range(0, Deliveries).Select(_ => Job())];
        await Store.SubmitAsync(jobs, Token);
        foreach (ClaimedJob job in await RunAllAsync(worker, jobs))
        {
            Assert.True(await SucceedAsync(worker, job.Fence));
        }
        Dictionary<Guid, string> bodies = [];
        foreach (DueDelivery due in await ClaimAsync())
        {
            bodies.Add(due.Id, Convert.ToHexString(due.Body));
            Assert.Equal(DeliveryRecorded.Written, await EndAsync(due, DeliveryState.Exhausted));
        }
        Assert.Equal(Deliveries, bodies.Count);

        foreach (Guid id in bodies.Keys)
        {
            await ReplayAsync(id);
            await ReplayAsync(id);
        }
        List<DueDelivery> lost = [];
        foreach (DueDelivery due in await ClaimAsync())
        {
            Assert.Equal((1, bodies[due.Id]), (due.Attempt, Convert.ToHexString(due.Body)));
            if (random.Next(3) == 0)
                lost.Add(due); // its sender dies: nobody tells what became of it
            else
                Assert.Equal(DeliveryRecorded.Written, await EndAsync(due, DeliveryState.Delivered));
        }
        Assert.InRange(lost.Count, 5, Deliveries / 2);
        await PassAsync(Moment);
        IReadOnlyList<DueDelivery> again = await ClaimAsync();
        Assert.Equal(lost.Select(due => due.Id).Order(), again.Select(due => due.Id).Order());
        foreach (DueDelivery due in again)
        {
            Assert.Equal((2, bodies[due.Id]), (due.Attempt, Convert.ToHexString(due.Body)));
            Assert.Equal(DeliveryRecorded.Written, await EndAsync(due, DeliveryState.Delivered));
        }
        foreach (DueDelivery late in lost)
        {
            Assert.Equal(DeliveryRecorded.Stale, await EndAsync(late, DeliveryState.Exhausted)); // the dead one's word, after all
        }

        IReadOnlyList<WebhookDelivery> ended = await Webhooks.DeliveriesAsync(Tenant, endpoint, 1000, Token);
        Assert.Equal(bodies.Keys.Order(), ended.Select(delivery => delivery.Id).Order());
        Assert.All(ended, delivery => Assert.Equal(DeliveryState.Delivered, delivery.State));
        Assert.Empty(await ClaimAsync());
    }

    private async Task<IReadOnlyList<ClaimedJob>> RunAllAsync(Guid worker, NewJob[] jobs)
    {
        JobId[] ids = [.. jobs.Select(job => job.Id)];
        await Store.ReserveAsync(worker, ids, Token);
        IReadOnlyList<ClaimedJob> claimed = await Store.ClaimAsync(worker, ids, Token);
        Assert.Equal(jobs.Length, claimed.Count);
        return claimed;
    }

    /// <summary>The worker runs these, ends some and dies over the rest; its next incarnation is told, and what the dead one still says counts for nothing.</summary>
    private async Task<Guid> DieOnceAsync(Guid worker, JobId[] ids, Random random)
    {
        await Store.ReserveAsync(worker, ids, Token);
        List<Fence> left = [];
        foreach (ClaimedJob job in await Store.ClaimAsync(worker, ids, Token))
        {
            if (random.Next(2) == 0)
                Assert.True(await SucceedAsync(worker, job.Fence));
            else
                left.Add(job.Fence);
        }
        // a death alone would be held against the job
        if (left.Count == 1)
        {
            Assert.True(await SucceedAsync(worker, left[0]));
            left.Clear();
        }
        Guid next = await WorkerAsync();
        foreach (Fence fence in left)
        {
            Assert.False(await SucceedAsync(worker, fence));
        }
        return next;
    }

    private async Task ReplayAsync(Guid delivery) => Assert.Equal(DeliveryState.Pending, (await Webhooks.ReplayAsync(Tenant, (await EndpointOfAsync()).Id, delivery, Token))!.State);

    private async Task<WebhookEndpoint> EndpointOfAsync() => Assert.Single(await Webhooks.ListAsync(Tenant, Token));

    private Task<DeliveryRecorded> EndAsync(DueDelivery due, DeliveryState state) =>
        Webhooks.RecordAsync(new DeliveryReport(due.Id, due.Attempt, state, state == DeliveryState.Delivered ? 200 : 500, state == DeliveryState.Delivered ? null : "http_status", TimeSpan.Zero, false), TimeSpan.FromDays(5), Token);

    private async Task<IReadOnlyList<DueDelivery>> ClaimAsync() =>
        await Webhooks.ClaimAsync(new DeliveryClaim { Most = 100, PerTarget = 100, Lease = Soon }, facts => facts.Delivery.ToByteArray(), Token);
}
