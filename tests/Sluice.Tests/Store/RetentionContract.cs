using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>What is forgotten when it has been kept long enough, and what is not.</summary>
public abstract class RetentionContract(StoreHost host) : SubmissionStepsContract(host)
{
    private const string Hook = "https://hooks.example.org/in";

    [Fact]
    public async Task Nothing_goes_before_its_time_is_over()
    {
        NewJob job = await EndedAsync(Job());
        Assert.Equal(PurgeReport.None, await Retention.PurgeAsync(new PurgeLimits { Facts = TimeSpan.Zero }, Token));
        Assert.NotNull((await Store.GetAsync(Tenant, job.Id, Token))!.Result);
    }

    [Fact]
    public async Task Input_result_and_names_go_and_the_facts_stay()
    {
        NewJob job = await EndedAsync(Kept(Job()) with { CustomId = "mine", IdempotencyKey = "k", RequestHash = Hash("r") });
        await PassAsync(Moment);
        PurgeReport gone = (await Retention.PurgeAsync(new PurgeLimits(), Token))!;
        Assert.Equal((1, 0, 1), (gone.Jobs, gone.Facts, gone.Keys));
        JobRecord left = (await Store.GetAsync(Tenant, job.Id, Token))!;
        Assert.Equal((JobState.Succeeded, null, null), (left.State, left.Result, left.CustomId));
        Assert.NotNull(left.FinishedAt);
        Assert.Null(await Store.GetInputAsync(Tenant, job.Id, Token));
        Assert.Equal(PurgeReport.None, await Retention.PurgeAsync(new PurgeLimits(), Token));
    }

    [Fact]
    public async Task A_cached_answer_is_kept_no_longer_than_what_it_answered()
    {
        await EndedAsync(Kept(Twin()));
        Assert.Equal(SubmitOutcome.CacheHit, (await SubmitAsync(Twin())).Outcome);
        await PassAsync(Moment);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Twin())).Outcome);
    }

    [Fact]
    public async Task Facts_go_too_when_that_is_asked_for()
    {
        NewJob job = await EndedAsync(Kept(Job()));
        await PassAsync(Moment);
        Assert.Equal((1, 0), await CountAsync(TimeSpan.FromHours(1)));
        Assert.NotNull(await Store.GetAsync(Tenant, job.Id, Token));
        Assert.Equal((0, 1), await CountAsync(TimeSpan.Zero));
        Assert.Null(await Store.GetAsync(Tenant, job.Id, Token));
    }

    [Fact]
    public async Task A_job_that_has_not_ended_is_kept_whatever_its_age()
    {
        NewJob job = Kept(Job());
        await SubmitAsync(job);
        await PassAsync(Moment);
        Assert.Equal(PurgeReport.None, await Retention.PurgeAsync(new PurgeLimits { Facts = TimeSpan.Zero }, Token));
        Guid worker = await WorkerAsync("w");
        await SucceedAsync(worker, (await RunAsync(worker, job.Id)).Fence);
        Assert.Equal(1, (await Retention.PurgeAsync(new PurgeLimits(), Token))!.Jobs);
    }

    [Fact]
    public async Task An_expired_idempotency_key_makes_a_new_job_before_and_after_the_purge()
    {
        NewJob first = Kept(Job()) with { IdempotencyKey = "k", RequestHash = Hash("r") };
        await SubmitAsync(first);
        NewJob again = first with { Id = NewId(), RequestHash = Hash("other") };
        Assert.Equal(SubmitOutcome.KeyReused, (await Store.SubmitAsync([again], Token))[0].Outcome);
        await PassAsync(Moment);
        SubmitResult fresh = (await Store.SubmitAsync([again], Token))[0];
        Assert.Equal((SubmitOutcome.Queued, again.Id), (fresh.Outcome, fresh.Job!.Id));
        Assert.Equal(SubmitOutcome.Replayed, (await Store.SubmitAsync([again with { Id = NewId() }], Token))[0].Outcome);
        Assert.Equal(0, (await Retention.PurgeAsync(new PurgeLimits(), Token))!.Keys);
        await PassAsync(Moment);
        Assert.Equal(1, (await Retention.PurgeAsync(new PurgeLimits(), Token))!.Keys);
        Assert.Equal(SubmitOutcome.Queued, (await Store.SubmitAsync([first with { Id = NewId() }], Token))[0].Outcome);
    }

    [Fact]
    public async Task Deliveries_go_with_the_retention_of_their_job()
    {
        Guid endpoint = Guid.CreateVersion7();
        await Webhooks.AddAsync(new NewWebhookEndpoint(endpoint, Tenant, Hook, [], [7]), 10, Token);
        await EndedAsync(Kept(Job()));
        await EndedAsync(Job());
        await PassAsync(Moment);
        Assert.Equal(1, (await Retention.PurgeAsync(new PurgeLimits(), Token))!.Deliveries);
        Assert.Single(await Webhooks.DeliveriesAsync(Tenant, endpoint, 10, Token));
    }

    [Fact]
    public async Task A_batch_is_bounded_and_the_next_goes_on()
    {
        for (int i = 0; i < 5; i++)
        {
            await EndedAsync(Kept(Job()));
        }
        await PassAsync(Moment);
        List<int> gone = [];
        while ((await Retention.PurgeAsync(new PurgeLimits { Most = 2 }, Token))!.Jobs is int jobs and > 0)
        {
            gone.Add(jobs);
        }
        Assert.Equal([2, 2, 1], gone);
    }

    [Fact]
    public async Task Lines_and_name_of_a_settled_submission_go_and_its_counts_stay()
    {
        NewSubmission submission = New() with { Name = "mine", Retention = Soon };
        await Submissions.StartAsync(submission, Token);
        await StageAsync(submission.Id, 0, Line(1), new StagedLine(2, null, "bad", [new FieldError("prompt", "No.", "required")]));
        await PassAsync(Moment);
        Assert.Equal(0, (await Retention.PurgeAsync(new PurgeLimits(), Token))!.Lines);
        await Submissions.CancelAsync(Tenant, submission.Id, Token);
        await Submissions.TendAsync(new TendOptions(), Token);
        while ((await Retention.PurgeAsync(new PurgeLimits { Most = 1 }, Token))!.Reached(1))
        {
        }
        SubmissionRecord left = (await Submissions.GetAsync(Tenant, submission.Id, Token))!;
        Assert.Equal((null, 2, 1, 1), (left.Name, left.Counts.Lines, left.Counts.Invalid, left.Counts.Cancelled));
        Assert.Empty(await Submissions.LinesAsync(Tenant, submission.Id, LineFilter.Failed, 0, 10, Token));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(3)]
    [InlineData(2)]
    public async Task One_round_forgets_all_submissions_however_small(int most)
    {
        List<Guid> all = [];
        for (int i = 0; i < 3; i++)
        {
            NewSubmission submission = New() with { Name = "mine", Retention = Soon };
            all.Add(submission.Id);
            await Submissions.StartAsync(submission, Token);
            await StageAsync(submission.Id, 0, Line(1), Line(2));
            await Submissions.CancelAsync(Tenant, submission.Id, Token);
        }
        await Submissions.TendAsync(new TendOptions(), Token);
        await PassAsync(Moment);
        int rounds = 0;
        while ((await Retention.PurgeAsync(new PurgeLimits { Most = most }, Token))!.Reached(most))
        {
            Assert.InRange(++rounds, 1, 10);
        }
        foreach (Guid id in all)
        {
            Assert.Null((await Submissions.GetAsync(Tenant, id, Token))!.Name);
            Assert.Empty(await Submissions.LinesAsync(Tenant, id, LineFilter.Failed, 0, 10, Token));
        }
    }

    private async Task<(int Jobs, int Facts)> CountAsync(TimeSpan facts)
    {
        PurgeReport gone = (await Retention.PurgeAsync(new PurgeLimits { Facts = facts, Most = 1 }, Token))!;
        return (gone.Jobs, gone.Facts);
    }

    private static NewJob Kept(NewJob job) => job with { Retention = Soon };

    private async Task<NewJob> EndedAsync(NewJob job)
    {
        Guid worker = await WorkerAsync($"w{Guid.NewGuid():N}");
        await SubmitAsync(job);
        await SucceedAsync(worker, (await RunAsync(worker, job.Id)).Fence);
        return job;
    }
}
