using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>What a caller was told of a job's end stays with the job.</summary>
public abstract class QuoteContract(StoreHost host) : StoreContract(host)
{
    private static readonly JobQuote s_late = new(TimeSpan.FromMinutes(10), false);
    private static readonly Guid s_feeder = Guid.NewGuid();

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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_twin_of_a_leader_that_was_promised_nothing_keeps_its_own_promise(bool promised)
    {
        await SubmitAsync(Twin() with { Quote = new JobQuote(TimeSpan.FromSeconds(60), null) });
        Assert.Equal(promised, (await SubmitAsync(Twin() with { Ttl = TimeSpan.FromHours(2), Quote = new JobQuote(TimeSpan.FromSeconds(60), promised) })).Job!.WillMeetDeadline);
        Assert.Null((await SubmitAsync(Twin() with { Quote = new JobQuote(TimeSpan.FromSeconds(60), null) })).Job!.WillMeetDeadline);
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
        IReadOnlyList<SubmitResult> fed = (await Submissions.FeedAsync(new FedChunk { Work = work, Jobs = jobs, Invalid = [] }, Token))!;
        Assert.Equal([SubmitOutcome.Queued, SubmitOutcome.Twin, SubmitOutcome.Queued], fed.Select(result => result.Outcome));
        Assert.Equal(new SubmissionWork(Model, 202, 32), (await Submissions.GetAsync(Tenant, asked.Id, Token))!.Work);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_work_of_a_submission_of_several_models_is_of_none(int chunk)
    {
        (Guid id, _) = await OpenAsync(3);
        for (int at = 0; at < 2; at += chunk)
        {
            await FeedAsync(id, chunk, number => Job() with { Model = number == 1 ? Model : "other" });
        }
        Assert.Equal(new SubmissionWork("", 10, 32), (await Submissions.GetAsync(Tenant, id, Token))!.Work);
        await FeedAsync(id, 1, _ => Job());
        Assert.Equal(new SubmissionWork("", 15, 48), (await Submissions.GetAsync(Tenant, id, Token))!.Work);
    }

    [Fact]
    public async Task A_line_that_would_be_late_is_an_error_row_unless_the_cache_or_an_equal_job_answers_it()
    {
        Guid worker = await WorkerAsync();
        NewJob known = Twin("known");
        await SubmitAsync(known);
        await SucceedAsync(worker, (await RunAsync(worker, known.Id)).Fence);
        JobRecord leader = (await SubmitAsync(Twin("under way") with { Quote = new JobQuote(TimeSpan.FromSeconds(30), null) })).Job!;
        (Guid id, SubmissionRecord open) = await OpenAsync(5);
        DateTimeOffset deadline = open.CreatedAt.AddMinutes(1);
        NewJob Late(string prompt) => Twin(prompt) with { Deadline = deadline, OnLate = OnLate.Reject, Quote = s_late, TooLate = true };
        IReadOnlyList<SubmitResult> results = await FeedAsync(id, 5, number => number switch { 1 => Late("known"), 2 => Late("under way"), 3 => Late("nobody's"), 4 => Job(), _ => Late("nor this") });
        Assert.Equal([SubmitOutcome.CacheHit, SubmitOutcome.Twin, SubmitOutcome.TooLate, SubmitOutcome.Queued, SubmitOutcome.TooLate], results.Select(result => result.Outcome));
        Assert.Equal("exact", results[0].Job!.Result!.Cache!.Tier);
        SubmissionRecord fed = (await Submissions.GetAsync(Tenant, id, Token))!;
        Assert.Equal((5, 3, 2, 5), (fed.Counts.Lines, fed.Counts.Fed, fed.Counts.Invalid, fed.FedTo));
        IReadOnlyList<LineOutcome> errors = await Submissions.LinesAsync(Tenant, id, LineFilter.Failed, 0, 10, Token);
        Assert.Equal([(3, "c3", "late 3"), (5, "c5", "late 5")], errors.Select(e => (e.Number, e.CustomId, e.Errors![0].Message)));
        Assert.Null(await Store.GetAsync(Tenant, SubmissionJobs.IdOf(id, 3), Token));
        Assert.Equal(leader.Id, (await GetAsync(SubmissionJobs.IdOf(id, 2))).WaitsFor);
    }

    /// <summary>A closed submission of so many lines.</summary>
    private async Task<(Guid Id, SubmissionRecord Open)> OpenAsync(int lines)
    {
        NewSubmission asked = new() { Id = Guid.CreateVersion7(), Tenant = Tenant };
        await Submissions.StartAsync(asked, Token);
        await Submissions.StageAsync(Tenant, asked.Id, new LineChunk { After = 0, Last = lines, Lines = [.. Enumerable.Range(1, lines).Select(i => new StagedLine(i, [1], null))] }, Token);
        return (asked.Id, (await Submissions.CloseAsync(Tenant, asked.Id, UploadEnd.Complete, Hash("all"), Token))!);
    }

    /// <summary>Feeds the next lines, each as the job that its number makes; those that are too late have an error row.</summary>
    private async Task<IReadOnlyList<SubmitResult>> FeedAsync(Guid id, int lines, Func<int, NewJob> job)
    {
        FeedWork work = (await Submissions.TakeAsync(new FeedRequest { Feeder = s_feeder, MaxLines = lines }, Token))!;
        NewJob[] jobs = [.. work.Lines.Select(line => job(line.Number) with { Id = SubmissionJobs.IdOf(id, line.Number), Submission = id, CustomId = $"c{line.Number}" })];
        StagedLine[] late = [.. work.Lines.Where((_, i) => jobs[i].TooLate).Select(line => new StagedLine(line.Number, null, $"c{line.Number}", [new FieldError("ttl", $"late {line.Number}", "deadline_cannot_be_met")]))];
        IReadOnlyList<SubmitResult>? results = await Submissions.FeedAsync(new FedChunk { Work = work, Jobs = jobs, Invalid = [], Late = late }, Token);
        Assert.NotNull(results);
        return results;
    }
}
