using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>What a caller was told of a job's end stays with the job.</summary>
public abstract class QuoteContract(StoreHost host) : StoreContract(host)
{
    private static readonly JobQuote s_late = new(TimeSpan.FromMinutes(10), false);

    [Fact]
    public async Task A_quote_is_kept_with_its_job_and_comes_with_its_claim()
    {
        Guid worker = await WorkerAsync();
        NewJob job = Job() with { Ttl = TimeSpan.FromHours(1), Quote = new JobQuote(TimeSpan.FromSeconds(90), true) };
        JobRecord stored = (await SubmitAsync(job)).Job!;
        Assert.Equal((stored.CreatedAt.AddSeconds(90), true), (stored.Eta!.Value, stored.WillMeetDeadline));
        ClaimedJob claimed = await RunAsync(worker, job.Id);
        Assert.Equal((stored.CreatedAt, stored.Eta, (bool?)true), (claimed.CreatedAt, claimed.Eta, claimed.WillMeetDeadline));
        Assert.True(claimed.StartedAt >= claimed.CreatedAt);
        await SucceedAsync(worker, claimed.Fence);
        JobRecord ended = await GetAsync(job.Id);
        Assert.Equal((stored.Eta, stored.WillMeetDeadline), (ended.Eta, ended.WillMeetDeadline));
    }

    [Fact]
    public async Task Without_a_quote_there_is_none()
    {
        JobRecord job = (await SubmitAsync(Job() with { Ttl = TimeSpan.FromHours(1) })).Job!;
        Assert.Equal(((DateTimeOffset?)null, (bool?)null), (job.Eta, job.WillMeetDeadline));
        Assert.Equal(((DateTimeOffset?)null, (bool?)null), ((await GetAsync(job.Id)).Eta, (await GetAsync(job.Id)).WillMeetDeadline));
    }

    [Fact]
    public async Task An_answer_from_the_cache_was_there_at_once_whatever_was_quoted()
    {
        Guid worker = await WorkerAsync();
        NewJob first = Twin();
        await SubmitAsync(first);
        await SucceedAsync(worker, (await RunAsync(worker, first.Id)).Fence);
        SubmitResult hit = await SubmitAsync(Twin() with { Ttl = TimeSpan.FromSeconds(5), Quote = s_late, TooLate = true });
        Assert.Equal((SubmitOutcome.CacheHit, hit.Job!.CreatedAt, true), (hit.Outcome, hit.Job.Eta!.Value, hit.Job.WillMeetDeadline));
        Assert.Null((await SubmitAsync(Twin() with { Quote = s_late })).Job!.WillMeetDeadline);
    }

    [Fact]
    public async Task A_twin_ends_with_its_leader()
    {
        JobRecord leader = (await SubmitAsync(Twin() with { Ttl = TimeSpan.FromHours(1), Quote = new JobQuote(TimeSpan.FromSeconds(60), true) })).Job!;
        JobRecord late = (await SubmitAsync(Twin() with { Ttl = TimeSpan.FromHours(2), Quote = s_late })).Job!;
        Assert.Equal((leader.Id, leader.Eta, (bool?)true), (late.WaitsFor!.Value, late.Eta, late.WillMeetDeadline));
        JobRecord hasty = (await SubmitAsync(Twin() with { Ttl = TimeSpan.FromSeconds(30), Quote = new JobQuote(TimeSpan.FromSeconds(20), false) })).Job!;
        Assert.Equal((hasty.CreatedAt.AddSeconds(20), false), (hasty.Eta!.Value, hasty.WillMeetDeadline));
    }

    [Fact]
    public async Task What_would_be_late_and_is_not_wanted_late_is_not_stored_and_its_key_is_free()
    {
        NewJob late = Twin() with { Ttl = TimeSpan.FromSeconds(5), Quote = s_late, TooLate = true, OnLate = OnLate.Reject, IdempotencyKey = "k", RequestHash = Hash("body") };
        IReadOnlyList<SubmitResult> results = await Store.SubmitAsync([late, late with { Id = NewId() }, Job()], Token);
        Assert.Equal([SubmitOutcome.TooLate, SubmitOutcome.TooLate, SubmitOutcome.Queued], results.Select(r => r.Outcome));
        Assert.Null(results[0].Job);
        Assert.Null(await Store.GetAsync(Tenant, late.Id, Token));
        SubmitResult again = await SubmitAsync(late with { TooLate = false, Id = NewId() });
        Assert.Equal(SubmitOutcome.Queued, again.Outcome);
    }

    [Fact]
    public async Task What_would_be_late_by_itself_is_stored_beside_an_equal_job_that_is_not()
    {
        JobRecord leader = (await SubmitAsync(Twin() with { Quote = new JobQuote(TimeSpan.FromSeconds(60), null) })).Job!;
        NewJob late = Twin() with { Quote = s_late, TooLate = true };
        SubmitResult twin = await SubmitAsync(late with { Ttl = TimeSpan.FromSeconds(100) });
        Assert.Equal((SubmitOutcome.Twin, leader.Eta), (twin.Outcome, twin.Job!.Eta));
        Assert.Equal(SubmitOutcome.TooLate, (await SubmitAsync(late with { Id = NewId(), Ttl = TimeSpan.FromSeconds(30) })).Outcome);
    }

    [Fact]
    public async Task A_promise_that_the_reconciler_has_to_break_is_counted()
    {
        await SubmitAsync(Job() with { Ttl = Soon, Quote = new JobQuote(TimeSpan.FromSeconds(1), true) });
        await SubmitAsync(Job() with { Ttl = Soon, Quote = new JobQuote(TimeSpan.FromSeconds(1), false) });
        await PassAsync(Moment);
        ReconcileReport report = await Store.ReconcileAsync(new ReconcileOptions(), Token);
        Assert.Equal((2, 1), (report.Expired, report.Unkept));
    }

    [Fact]
    public async Task A_run_that_failed_and_is_tried_again_gets_neither_a_new_deadline_nor_a_new_quote()
    {
        Guid worker = await WorkerAsync();
        JobRecord job = (await SubmitAsync(Job() with { Ttl = TimeSpan.FromHours(1), Quote = new JobQuote(TimeSpan.FromSeconds(90), true) })).Job!;
        for (int i = 0; i < 2; i++)
        {
            ClaimedJob claimed = await RunAsync(worker, job.Id);
            Assert.Equal((job.Deadline, job.Eta), (claimed.Deadline, claimed.Eta));
            Assert.True(await FailAsync(worker, claimed.Fence, retryable: true));
        }
        Assert.Equal(job.Deadline, Assert.Single(await Store.ReserveAsync(worker, [job.Id], Token)).Deadline);
    }

    [Fact]
    public async Task A_submission_sums_the_work_that_its_lines_brought()
    {
        NewSubmission asked = new() { Id = Guid.CreateVersion7(), Tenant = Tenant };
        await Submissions.StartAsync(asked, Token);
        LineChunk chunk = new() { After = 0, Last = 3, Lines = [.. Enumerable.Range(1, 3).Select(i => new StagedLine(i, [1], null))] };
        await Submissions.StageAsync(Tenant, asked.Id, chunk, Token);
        SubmissionRecord open = (await Submissions.CloseAsync(Tenant, asked.Id, UploadEnd.Complete, Hash("all"), Token))!;
        Assert.Null(open.Work);
        FeedWork work = (await Submissions.TakeAsync(new FeedRequest { Feeder = Guid.NewGuid() }, Token))!;
        // the second is the first one's twin: it brings nothing
        NewJob[] jobs = [.. work.Lines.Select((line, i) => (i == 2 ? Job() : Twin()) with { Id = SubmissionJobs.IdOf(asked.Id, line.Number), Submission = asked.Id, PromptTokens = 100 + i })];
        Assert.True(await Submissions.FeedAsync(new FedChunk { Work = work, Jobs = jobs, Invalid = [] }, Token));
        Assert.Equal(new SubmissionWork(Model, 202, 32), (await Submissions.GetAsync(Tenant, asked.Id, Token))!.Work);
    }
}
