using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>
/// What failed is tried again by its owner, twice over, while those who do the work die: nothing is doubled. There is no replay as such that could be cancelled: each
/// retry is a job of its own under a key of its own, and to cancel means to cancel those that have not ended.
/// </summary>
public abstract class ReplayContract(StoreHost host) : StoreContract(host)
{
    private const int Jobs = 1000, Page = 50, Pages = Jobs / Page, Cancelled = 30, Deliveries = 60;

    [Fact]
    public async Task Failed_jobs_whose_replay_dies_half_way_and_begins_again_while_workers_die_run_to_one_end_each_and_stay_failed_themselves()
    {
        Random random = new(38);
        NewJob[] failed = [.. Enumerable.Range(0, Jobs).Select(i => Job($"failed {i}"))];
        Guid worker = await WorkerAsync();
        foreach (NewJob[] some in failed.Chunk(Page))
        {
            await Store.SubmitAsync(some, Token);
            IReadOnlyList<ClaimedJob> claimed = await RunAllAsync(worker, some);
            Assert.DoesNotContain(false, await Store.FinishAsync(worker, [.. claimed.Select(job => Failure(job.Fence))], Token));
        }
        await RelayAsync();

        Dictionary<JobId, JobId> retries = [];
        HashSet<JobId> told = [];
        int dead = Pages / 2; // he who replays dies with this page stored and its answers unread; the next begins with the first page again
        foreach (int pages in (int[])[dead, Pages])
        {
            foreach ((int page, NewJob[] some) in failed.Chunk(Page).Take(pages).Index())
            {
                bool first = page >= (pages == dead ? 0 : dead), unread = pages == dead && page == dead - 1;
                IReadOnlyList<SubmitResult> answers = await RetryAsync(some);
                foreach ((NewJob job, SubmitResult again) in some.Zip(answers).Take(unread ? 0 : Page))
                {
                    Assert.Equal(first ? SubmitOutcome.Queued : SubmitOutcome.Replayed, again.Outcome);
                    Assert.Equal(job.Id, again.Job!.RetryOf);
                    Assert.Equal(retries.TryAdd(job.Id, again.Job.Id) ? again.Job.Id : retries[job.Id], again.Job.Id);
                }
                worker = await DieOnceAsync(worker, [.. retries.Values.Where(id => !told.Contains(id) && random.Next(3) == 0).Take(40)], random);
                await HearAsync(told);
            }
        }
        JobId[] cancelled = [.. retries.Values.Where(id => !told.Contains(id)).TakeLast(Cancelled)];
        Assert.Equal(Cancelled, cancelled.Length);
        foreach (JobId id in cancelled)
        {
            Assert.True((await Store.CancelAsync(Tenant, id, Token))!.Cancelled);
        }
        await HearAsync(told);
        foreach (JobId[] some in retries.Values.Where(id => !told.Contains(id)).Chunk(Page))
        {
            await Store.ReserveAsync(worker, some, Token);
            IReadOnlyList<ClaimedJob> claimed = await Store.ClaimAsync(worker, some, Token);
            Assert.Equal(some.Length, claimed.Count);
            Assert.DoesNotContain(false, await Store.FinishAsync(worker, [.. claimed.Select(job => Success(job.Fence))], Token));
        }
        await HearAsync(told);
        Assert.Equal(Jobs, retries.Count);
        Assert.Equal(retries.Values.OrderBy(id => id.Value), told.OrderBy(id => id.Value));

        // once more when all have ended: the same answers, and nothing to do
        foreach (NewJob[] some in failed.Chunk(Page))
        {
            foreach ((NewJob job, SubmitResult again) in some.Zip(await RetryAsync(some)))
            {
                Assert.Equal((SubmitOutcome.Replayed, retries[job.Id]), (again.Outcome, again.Job!.Id));
            }
        }
        Assert.Empty(await RelayAsync());
        Assert.Empty(await Store.ReserveAsync(worker, [.. retries.Values], Token));
        Dictionary<JobId, JobRecord> all = await AllAsync();
        Assert.Equal(2 * Jobs, all.Count);
        Assert.All(failed, job => Assert.Equal((JobState.Failed, 1), (all[job.Id].State, all[job.Id].Claims)));
        Assert.All(retries.Values.Except(cancelled), id => Assert.Equal((JobState.Succeeded, 0), (all[id].State, all[id].Failures)));
        Assert.All(cancelled, id => Assert.Equal(JobState.Cancelled, all[id].State));
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

    private static JobOutcome Failure(Fence fence) => new() { Fence = fence, State = JobState.Failed, Error = new JobError("engine", "It broke.") };

    private static JobOutcome Success(Fence fence) => new() { Fence = fence, State = JobState.Succeeded, Result = Answer() };

    private Task<IReadOnlyList<SubmitResult>> RetryAsync(NewJob[] failed) => Store.SubmitAsync(
        [.. failed.Select(job => Job(job.Request.Prompt!) with { RetryOf = job.Id, IdempotencyKey = $"retry {job.Id}", RequestHash = Hash(job.Request.Prompt!) })], Token);

    /// <summary>Takes what the outbox tells of ends; no end is told twice.</summary>
    private async Task HearAsync(HashSet<JobId> told)
    {
        foreach (OutboxRow row in (await RelayAsync()).Where(row => row.Kind == OutboxKind.JobFinished))
        {
            Assert.True(told.Add(row.Job), $"{row.Job} ended twice");
        }
    }

    private async Task<Dictionary<JobId, JobRecord>> AllAsync()
    {
        Dictionary<JobId, JobRecord> all = [];
        JobId? after = null;
        while (true)
        {
            JobList page = await Store.ListAsync(Tenant, new JobQuery { Limit = 1000, After = after }, Token);
            foreach (JobRecord job in page)
            {
                all.Add(job.Id, job);
            }
            if (page.Count == 0)
            {
                return all;
            }
            after = page[^1].Id;
        }
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
        ILookup<bool, Fence> ends = (await Store.ClaimAsync(worker, ids, Token)).ToLookup(_ => random.Next(2) == 0, job => job.Fence);
        // a death alone would be held against the job
        Fence[] left = ends[false].Count() > 1 ? [.. ends[false]] : [];
        Fence[] done = left.Length > 0 ? [.. ends[true]] : [.. ends[true], .. ends[false]];
        Assert.DoesNotContain(false, await Store.FinishAsync(worker, [.. done.Select(Success)], Token));
        Guid next = await WorkerAsync();
        Assert.DoesNotContain(true, await Store.FinishAsync(worker, [.. left.Select(Success)], Token));
        return next;
    }

    private async Task ReplayAsync(Guid delivery) => Assert.Equal(DeliveryState.Pending, (await Webhooks.ReplayAsync(Tenant, (await EndpointOfAsync()).Id, delivery, Token))!.State);

    private async Task<WebhookEndpoint> EndpointOfAsync() => Assert.Single(await Webhooks.ListAsync(Tenant, Token));

    private Task<DeliveryRecorded> EndAsync(DueDelivery due, DeliveryState state) =>
        Webhooks.RecordAsync(new DeliveryReport(due.Id, due.Attempt, state, state == DeliveryState.Delivered ? 200 : 500, state == DeliveryState.Delivered ? null : "http_status", TimeSpan.Zero, false), TimeSpan.FromDays(5), Token);

    private async Task<IReadOnlyList<DueDelivery>> ClaimAsync() =>
        await Webhooks.ClaimAsync(new DeliveryClaim { Most = 100, PerTarget = 100, Lease = Soon }, facts => facts.Delivery.ToByteArray(), Token);
}
