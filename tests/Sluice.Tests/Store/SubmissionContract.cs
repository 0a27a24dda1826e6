using System.Text;
using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>What becomes of lines: staged, fed, ended, counted.</summary>
public abstract class SubmissionContract(StoreHost host) : SubmissionStepsContract(host)
{
    [Fact]
    public async Task A_submission_is_read_back_as_given_and_only_by_its_tenant()
    {
        NewSubmission asked = New() with
        {
            Name = "nightly",
            Defaults = """{"model":"tiny"}""",
            FinishBy = DateTimeOffset.UnixEpoch.AddYears(60),
            Metadata = new Dictionary<string, string> { ["who"] = "Zoë" },
            KeepIncomplete = true,
        };
        (bool created, SubmissionRecord stored) = await Submissions.StartAsync(asked, Token);
        Assert.True(created);
        Assert.Equal((SubmissionState.Receiving, "nightly", asked.Defaults, asked.FinishBy, true, default), (stored.State, stored.Name, stored.Defaults, stored.FinishBy, stored.KeepIncomplete, stored.Counts));
        Assert.Equal("Zoë", stored.Metadata!["who"]);
        Assert.Null(await Submissions.GetAsync(Other, asked.Id, Token));
        Assert.Null(await Submissions.CancelAsync(Other, asked.Id, Token));
        Assert.Null(await Submissions.CloseAsync(Other, asked.Id, UploadEnd.Complete, null, Token));
        Assert.Equal((false, null), await Submissions.StageAsync(Other, asked.Id, Chunk(0, 1), Token));
        Assert.Empty(await Submissions.ListAsync(Other, new SubmissionQuery(), Token));
        Assert.Equal(asked.Id, Assert.Single(await Submissions.ListAsync(Tenant, new SubmissionQuery(), Token)).Id);
        Assert.Equal(SubmissionState.Receiving, (await GetAsync(asked.Id)).State);
    }

    [Fact]
    public async Task One_key_and_one_firing_make_one_submission()
    {
        NewSubmission keyed = New() with { IdempotencyKey = "k" };
        await Submissions.StartAsync(keyed, Token);
        Assert.Equal((false, keyed.Id), Shown(await Submissions.StartAsync(New() with { IdempotencyKey = "k" }, Token)));
        Assert.True((await Submissions.StartAsync(New() with { IdempotencyKey = "k", Tenant = Other }, Token)).Created);
        NewSubmission fired = New() with { Source = SubmissionSource.Schedule, Schedule = Guid.NewGuid(), FireTime = DateTimeOffset.UnixEpoch };
        Assert.True((await Submissions.StartAsync(fired, Token)).Created);
        Assert.Equal((false, fired.Id), Shown(await Submissions.StartAsync(fired with { Id = NewId().Value }, Token)));
        Assert.True((await Submissions.StartAsync(fired with { Id = NewId().Value, FireTime = DateTimeOffset.UnixEpoch.AddDays(1) }, Token)).Created);
        Assert.Equal(2, (await Submissions.ListAsync(Tenant, new SubmissionQuery { Schedule = fired.Schedule }, Token)).Count);

        static (bool, Guid) Shown((bool Created, SubmissionRecord Submission) start) => (start.Created, start.Submission.Id);
    }

    [Fact]
    public async Task A_repeated_chunk_stores_nothing_and_the_cursor_goes_with_its_lines()
    {
        Guid id = await StartAsync();
        LineChunk first = Chunk(0, 1, 2, 4) with { Cursor = "row-3" };
        (bool staged, SubmissionRecord? after) = await Submissions.StageAsync(Tenant, id, first, Token);
        Assert.True(staged);
        Assert.Equal((3, 4, "row-3"), (after!.Counts.Lines, after.LastLine, after.Cursor));
        (staged, after) = await Submissions.StageAsync(Tenant, id, first with { Cursor = "other" }, Token);
        Assert.False(staged);
        Assert.Equal((3, 4, "row-3"), (after!.Counts.Lines, after.LastLine, after.Cursor));
        (staged, after) = await Submissions.StageAsync(Tenant, id, Chunk(4, 5), Token);
        Assert.True(staged);
        Assert.Equal((4, 5, "row-3"), (after!.Counts.Lines, after.LastLine, after.Cursor));
        await Submissions.CloseAsync(Tenant, id, UploadEnd.Complete, null, Token);
        Assert.False((await Submissions.StageAsync(Tenant, id, Chunk(5, 6), Token)).Staged);
    }

    [Fact]
    public async Task Invalid_and_duplicate_lines_become_error_rows_and_the_rest_goes_on()
    {
        Guid id = await StartAsync();
        StagedLine bad = new(2, null, "b", [new FieldError("prompt", "prompt is required.", "required")]);
        await StageAsync(id, 0, Line(1, "a"), bad, Line(3, "a"), Line(4));
        await StageAsync(id, 4, Line(5, "a"), Line(6, "b"), Line(7));
        SubmissionRecord closed = (await Submissions.CloseAsync(Tenant, id, UploadEnd.Complete, Hash("all"), Token))!;
        Assert.Equal((7, 3, SubmissionState.Running), (closed.Counts.Lines, closed.Counts.Invalid, closed.State));
        IReadOnlyList<LineOutcome> errors = await Submissions.LinesAsync(Tenant, id, LineFilter.Failed, 0, 10, Token);
        Assert.Equal([(2, "b", "required"), (3, "a", "duplicate"), (5, "a", "duplicate")], errors.Select(e => (e.Number, e.CustomId, e.Errors![0].Code)));
        FeedWork work = (await TakeAsync())!;
        Assert.Equal([1, 4, 6, 7], work.Lines.Select(l => l.Number));
        Assert.Equal(7, work.To);
        Assert.Equal("line 6", Encoding.UTF8.GetString(work.Lines[2].Request));
    }

    [Fact]
    public async Task Lines_are_fed_once_in_order_and_end_in_the_order_of_the_input()
    {
        Guid id = await StartAsync();
        await StageAsync(id, 0, [.. Enumerable.Range(1, 5).Select(n => Line(n, $"c{n}"))]);
        Assert.Null(await TakeAsync()); // an upload that may still break off runs nothing
        await Submissions.CloseAsync(Tenant, id, UploadEnd.Complete, null, Token);
        FeedWork first = (await TakeAsync(3))!;
        Assert.Equal([1, 2, 3], first.Lines.Select(l => l.Number));
        Assert.Equal(3, first.To);
        Assert.True(await FeedAsync(first));
        Assert.False(await FeedAsync(first));
        FeedWork second = (await TakeAsync(3))!;
        Assert.Equal([4, 5], second.Lines.Select(l => l.Number));
        Assert.Equal(5, second.To);
        Assert.True(await FeedAsync(second, invalid: 5));
        Assert.Null(await TakeAsync());
        List<JobId> tickets = [.. (await RelayAsync()).SelectMany(r => r.Jobs ?? [r.Job])];
        Assert.Equal([.. Enumerable.Range(1, 4).Select(n => SubmissionJobs.IdOf(id, n))], tickets.OrderBy(j => j.Value));
        await EndAsync(id, 3, 1, 4, 2);
        Assert.Equal((0, 1), await TendAsync());
        SubmissionRecord ended = await GetAsync(id);
        Assert.Equal((SubmissionState.Finished, 4, 4, 1), (ended.State, ended.Counts.Fed, ended.Counts.Succeeded, ended.Counts.Invalid));
        Assert.NotNull(ended.FinishedAt);
        IReadOnlyList<LineOutcome> lines = await Submissions.LinesAsync(Tenant, id, LineFilter.Succeeded, 1, 2, Token);
        Assert.Equal([(2, "c2"), (3, "c3")], lines.Select(l => (l.Number, l.CustomId)));
        Assert.Equal(("there was a frog", (short)9), (lines[0].Job!.Result!.Outputs[0].Text, lines[0].Shape));
        Assert.Empty(await Submissions.LinesAsync(Other, id, LineFilter.Succeeded, 0, 10, Token));
        Assert.Equal(5, Assert.Single(await Submissions.LinesAsync(Tenant, id, LineFilter.Failed, 0, 10, Token)).Number);
        Assert.Equal(4, (await Store.ListAsync(Tenant, new JobQuery { Submission = id }, Token)).Count);
    }

    [Fact]
    public async Task The_end_of_its_jobs_is_told_by_the_submission_alone()
    {
        Guid endpoint = NewId().Value;
        await Webhooks.AddAsync(new NewWebhookEndpoint(endpoint, Tenant, "https://hooks.example/x", ["submission.finished"], [1]), 10, Token);
        Guid id = await FedAsync(2);
        await RelayAsync();
        await EndAsync(id, 1, 2);
        Assert.Empty(await RelayAsync());
        Assert.Empty(await Webhooks.DeliveriesAsync(Tenant, endpoint, 10, Token));
        await TendAsync();
        WebhookDelivery told = Assert.Single(await Webhooks.DeliveriesAsync(Tenant, endpoint, 10, Token));
        Assert.Equal((id, null, "submission.finished"), (told.Submission, told.Job, told.Event));
        DeliveryFacts? facts = null;
        DeliveryClaim claim = new() { Most = 10, PerTarget = 4, Lease = TimeSpan.FromSeconds(30) };
        await Webhooks.ClaimAsync(claim, given =>
        {
            facts = given;
            return [7];
        }, Token);
        Assert.Equal((SubmissionState.Finished, 2), (facts!.Submission!.State, facts.Submission.Counts.Succeeded));
        await TendAsync();
        Assert.Single(await Webhooks.DeliveriesAsync(Tenant, endpoint, 10, Token));
    }
}
