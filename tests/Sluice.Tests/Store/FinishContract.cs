using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>The terminal transaction, cancelling and erasure.</summary>
public abstract class FinishContract(StoreHost host) : StoreContract(host)
{
    [Fact]
    public async Task A_finished_job_has_its_result_and_is_told_of_once()
    {
        Guid worker = await WorkerAsync();
        NewJob job = Job() with { CustomId = "c", IdempotencyKey = "k", RequestHash = Hash("a"), TraceParent = "00-a-b-01" };
        await SubmitAsync(job);
        ClaimedJob claimed = await RunAsync(worker, job.Id);
        await RelayAsync();
        JobResult result = Answer() with { Embedding = [1f, 0f], EmbedderId = "e" };
        JobOutcome outcome = new() { Fence = claimed.Fence, State = JobState.Succeeded, Result = result, Batch = Guid.NewGuid() };
        Assert.Equal([true], await Store.FinishAsync(worker, [outcome], Token));
        JobRecord stored = await GetAsync(job.Id);
        Assert.Equal((JobState.Succeeded, AnswerSource.Engine, 1), (stored.State, stored.Result!.Source, stored.Claims));
        Assert.Equal(result.Outputs, stored.Result.Outputs);
        Assert.Equal(result.Usage, stored.Result.Usage);
        Assert.Equal([1f, 0f], stored.Result.Embedding!);
        Assert.Equal("e", stored.Result.EmbedderId);
        Assert.Null(stored.Result.Cache);
        Assert.True(stored.FinishedAt >= stored.StartedAt && stored.StartedAt >= stored.CreatedAt);
        OutboxRow told = Assert.Single(await RelayAsync());
        Assert.Equal((OutboxKind.JobFinished, job.Id, JobState.Succeeded, "c", "k"), (told.Kind, told.Job, told.State, told.CustomId, told.IdempotencyKey));
        Assert.Equal((Tenant, "00-a-b-01"), (told.Tenant, told.TraceParent));
    }

    [Fact]
    public async Task A_stale_fence_is_discarded_and_changes_nothing()
    {
        Guid worker = await WorkerAsync(), second = await WorkerAsync("w2");
        NewJob[] jobs = [Job(), Job(), Job(), Job()];
        await Store.SubmitAsync(jobs, Token);
        Fence[] fences = [.. (await Task.WhenAll(jobs.Select(j => RunAsync(worker, j.Id)))).Select(c => c.Fence)];
        await Store.ReleaseAsync(worker, [fences[0], fences[1]], Token);
        Fence renewed = (await RunAsync(second, jobs[1].Id)).Fence;
        await Store.CancelAsync(Tenant, jobs[2].Id, Token);
        await RelayAsync();
        JobOutcome[] outcomes = [.. fences.Select(f => new JobOutcome { Fence = f, State = JobState.Succeeded, Result = Answer("stale") })];
        Assert.Equal([false, false, false, true], await Store.FinishAsync(worker, outcomes, Token));
        Assert.Equal([JobState.Queued, JobState.Running, JobState.Cancelled, JobState.Succeeded], await Task.WhenAll(jobs.Select(async j => (await GetAsync(j.Id)).State)));
        Assert.Single(await RelayAsync());
        Assert.True(await SucceedAsync(second, renewed, "fresh"));
        Assert.False(await SucceedAsync(second, renewed, "twice"));
        Assert.Equal("fresh", (await GetAsync(jobs[1].Id)).Result!.Outputs[0].Text);
    }

    [Fact]
    public async Task The_prompts_embedding_of_the_submit_is_kept_with_the_result()
    {
        Guid worker = await WorkerAsync();
        NewJob job = Twin();
        await SubmitAsync(job);
        await SucceedAsync(worker, (await RunAsync(worker, job.Id)).Fence);
        JobResult result = (await GetAsync(job.Id)).Result!;
        Assert.Equal(job.Embedding, result.Embedding);
        Assert.Equal("lexical-1", result.EmbedderId);
    }

    [Fact]
    public async Task A_job_may_fail_or_expire_with_its_error()
    {
        Guid worker = await WorkerAsync();
        NewJob failed = Job(), expired = Job();
        await Store.SubmitAsync([failed, expired], Token);
        Assert.True(await FailAsync(worker, (await RunAsync(worker, failed.Id)).Fence));
        JobOutcome late = new() { Fence = (await RunAsync(worker, expired.Id)).Fence, State = JobState.Expired, Error = new JobError("unreachable", "Too late.") };
        Assert.Equal([true], await Store.FinishAsync(worker, [late], Token));
        JobRecord one = await GetAsync(failed.Id), two = await GetAsync(expired.Id);
        Assert.Equal((JobState.Failed, new JobError("engine", "It broke."), 1), (one.State, one.Error, one.Failures));
        Assert.Equal((JobState.Expired, new JobError("unreachable", "Too late."), 0), (two.State, two.Error, two.Failures));
        Assert.Null(one.Result);
    }

    [Fact]
    public async Task A_retryable_failure_is_charged_and_tried_again_until_the_limit()
    {
        Guid worker = await WorkerAsync();
        NewJob job = Job();
        await SubmitAsync(job);
        for (int failure = 1; failure < JobLimits.MaxFailures; failure++)
        {
            ClaimedJob claimed = await RunAsync(worker, job.Id);
            await RelayAsync();
            Assert.True(await FailAsync(worker, claimed.Fence, retryable: true));
            JobRecord queued = await GetAsync(job.Id);
            Assert.Equal((JobState.Queued, failure), (queued.State, queued.Failures));
            Assert.Null(queued.Error);
            Assert.Empty(await TicketsAsync());
            Assert.Equal(job.Id, Assert.Single(await Store.ResumeAsync(worker, [Model], 10, Token)).Id);
        }
        Assert.True(await FailAsync(worker, (await RunAsync(worker, job.Id)).Fence, retryable: true));
        JobRecord ended = await GetAsync(job.Id);
        Assert.Equal((JobState.Failed, JobLimits.MaxFailures, "engine"), (ended.State, ended.Failures, ended.Error!.Code));
    }

    [Fact]
    public async Task A_queued_and_a_running_job_are_cancelled_at_once_and_an_ended_one_is_not()
    {
        Guid worker = await WorkerAsync();
        NewJob queued = Job(), running = Job(), done = Job();
        await Store.SubmitAsync([queued, running, done], Token);
        Fence fence = (await RunAsync(worker, running.Id)).Fence;
        await SucceedAsync(worker, (await RunAsync(worker, done.Id)).Fence);
        await RelayAsync();
        foreach (NewJob job in new[] { queued, running })
        {
            CancelResult? result = await Store.CancelAsync(Tenant, job.Id, Token);
            Assert.True(result!.Cancelled);
            Assert.Equal(JobState.Cancelled, result.Job.State);
            Assert.NotNull(result.Job.FinishedAt);
        }
        CancelResult? late = await Store.CancelAsync(Tenant, done.Id, Token);
        Assert.False(late!.Cancelled);
        Assert.Equal(JobState.Succeeded, late.Job.State);
        Assert.False(await SucceedAsync(worker, fence));
        Assert.Equal([(queued.Id, JobState.Cancelled), (running.Id, JobState.Cancelled)], (await RelayAsync()).Select(r => (r.Job, r.State!.Value)));
        Assert.Null(await Store.CancelAsync(Tenant, JobId.New(TimeProvider.System), Token));
    }

    [Fact]
    public async Task Erasure_takes_input_result_and_cache_entry_and_cancels_a_live_job()
    {
        Guid worker = await WorkerAsync();
        NewJob done = Twin() with { CustomId = "c", Request = new JobRequest { Prompt = "x", Metadata = new Dictionary<string, string> { ["a"] = "b" } } };
        NewJob live = Job();
        await Store.SubmitAsync([done, live], Token);
        await SucceedAsync(worker, (await RunAsync(worker, done.Id)).Fence);
        Assert.True(await Store.EraseAsync(Tenant, done.Id, Token));
        JobRecord stored = await GetAsync(done.Id);
        Assert.Equal(JobState.Succeeded, stored.State);
        Assert.Null(stored.Result);
        Assert.Null(stored.Metadata);
        Assert.Null(stored.CustomId);
        Assert.Null(await Store.GetInputAsync(Tenant, done.Id, Token));
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Twin())).Outcome);
        Assert.True(await Store.EraseAsync(Tenant, live.Id, Token));
        Assert.Equal(JobState.Cancelled, (await GetAsync(live.Id)).State);
        Assert.False(await Store.EraseAsync(Tenant, JobId.New(TimeProvider.System), Token));
    }

    [Fact]
    public async Task A_row_that_could_not_be_published_stays_and_no_two_relays_take_the_same()
    {
        await Store.SubmitAsync([Job(), Job(), Job()], Token);
        await Assert.ThrowsAsync<IOException>(() => Store.RelayOutboxAsync(10, (_, _) => throw new IOException("broker"), Token));
        List<long> first = [], second = [];
        int published = await Store.RelayOutboxAsync(2, async (rows, token) =>
        {
            first.AddRange(rows.Select(r => r.Id));
            await Store.RelayOutboxAsync(10, (others, _) =>
            {
                second.AddRange(others.Select(r => r.Id));
                return Task.CompletedTask;
            }, token);
        }, Token);
        Assert.Equal(2, published);
        Assert.Equal(first.Order(), first);
        Assert.Equal((2, 1), (first.Count, second.Count));
        Assert.Empty(first.Intersect(second));
        Assert.Equal(0, await Store.RelayOutboxAsync(10, (_, _) => throw new InvalidOperationException("nothing to publish"), Token));
    }
}
