using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>Submissions that do not go their whole way: cancelled, broken off, abandoned, taken over.</summary>
public abstract class SubmissionEndContract(StoreHost host) : SubmissionStepsContract(host)
{
    [Fact]
    public async Task A_cancel_keeps_what_has_ended_and_ends_everything_else()
    {
        Guid id = await StartAsync();
        await StageAsync(id, 0, [.. Enumerable.Range(1, 6).Select(n => Line(n))]);
        await Submissions.CloseAsync(Tenant, id, UploadEnd.Complete, null, Token);
        Assert.True(await FeedAsync((await TakeAsync(4))!));
        FeedWork late = (await TakeAsync())!;
        await EndAsync(id, 2);
        SubmissionRecord cancelled = (await Submissions.CancelAsync(Tenant, id, Token))!;
        Assert.Equal(SubmissionState.Cancelled, cancelled.State);
        Assert.False(await FeedAsync(late));
        await TendAsync();
        SubmissionRecord settled = await GetAsync(id);
        Assert.Equal((1, 5, 0), (settled.Counts.Succeeded, settled.Counts.Cancelled, settled.Counts.Pending));
        Assert.Equal(2, Assert.Single(await Submissions.LinesAsync(Tenant, id, LineFilter.Succeeded, 0, 10, Token)).Number);
        IReadOnlyList<LineOutcome> rest = await Submissions.LinesAsync(Tenant, id, LineFilter.Failed, 0, 10, Token);
        Assert.Equal([1, 3, 4, 5, 6], rest.Select(l => l.Number));
        Assert.Equal([JobState.Cancelled, JobState.Cancelled, JobState.Cancelled, null, null], rest.Select(l => l.Job?.State));
        Assert.Equal("line 6", System.Text.Encoding.UTF8.GetString(rest[4].Request!));
        Assert.Equal([5, 6], (await Submissions.LinesAsync(Tenant, id, LineFilter.Failed, 4, 10, Token)).Select(l => l.Number));
        Assert.Equal(settled, await Submissions.CancelAsync(Tenant, id, Token));
        Assert.Equal((0, 0), await TendAsync());
    }

    [Fact]
    public async Task What_is_cancelled_while_it_runs_writes_nothing_afterwards()
    {
        Guid id = await FedAsync(2);
        Guid worker = await WorkerAsync();
        ClaimedJob running = await RunAsync(worker, SubmissionJobs.IdOf(id, 1));
        await Submissions.CancelAsync(Tenant, id, Token);
        Assert.False(await SucceedAsync(worker, running.Fence));
        await TendAsync();
        Assert.Equal((0, 2), ((await GetAsync(id)).Counts.Succeeded, (await GetAsync(id)).Counts.Cancelled));
    }

    [Fact]
    public async Task A_broken_upload_is_cancelled_with_its_key_given_back_or_kept_as_asked()
    {
        NewSubmission strict = New() with { IdempotencyKey = "k" };
        await Submissions.StartAsync(strict, Token);
        await StageAsync(strict.Id, 0, Line(1), Line(2));
        SubmissionRecord broken = (await Submissions.CloseAsync(Tenant, strict.Id, UploadEnd.Incomplete, null, Token))!;
        Assert.Equal((SubmissionState.Cancelled, true, 2, null), (broken.State, broken.UploadIncomplete, broken.Counts.Cancelled, broken.IdempotencyKey));
        Assert.True((await Submissions.StartAsync(New() with { IdempotencyKey = "k" }, Token)).Created);

        Guid kept = await StartAsync(keep: true);
        await StageAsync(kept, 0, Line(1), Line(2));
        broken = (await Submissions.CloseAsync(Tenant, kept, UploadEnd.Incomplete, null, Token))!;
        Assert.Equal((SubmissionState.Running, true), (broken.State, broken.UploadIncomplete));
        Assert.Equal(2, (await TakeAsync())!.Lines.Count);

        Guid refused = await StartAsync(keep: true);
        await StageAsync(refused, 0, Line(1));
        broken = (await Submissions.CloseAsync(Tenant, refused, UploadEnd.Refused, null, Token))!;
        Assert.Equal((SubmissionState.Cancelled, false, 1), (broken.State, broken.UploadIncomplete, broken.Counts.Cancelled));
    }

    [Fact]
    public async Task An_upload_whose_node_is_gone_is_given_up_but_never_a_schedules()
    {
        Guid http = await StartAsync();
        await StageAsync(http, 0, Line(1));
        NewSubmission fired = New() with { Source = SubmissionSource.Schedule, Schedule = Guid.NewGuid(), FireTime = DateTimeOffset.UnixEpoch };
        await Submissions.StartAsync(fired, Token);
        await TendAsync();
        Assert.Equal(SubmissionState.Receiving, (await GetAsync(http)).State);
        await PassAsync(Moment);
        await TendAsync();
        Assert.Equal((SubmissionState.Cancelled, true), ((await GetAsync(http)).State, (await GetAsync(http)).UploadIncomplete));
        Assert.Equal(SubmissionState.Receiving, (await GetAsync(fired.Id)).State);
    }

    [Fact]
    public async Task Another_feeder_takes_over_when_the_lease_ends_and_no_line_is_fed_twice()
    {
        Guid id = await StartAsync(keep: true);
        await StageAsync(id, 0, Line(1), Line(2));
        FeedWork first = (await TakeAsync())!;
        Guid other = Guid.NewGuid();
        Assert.Null(await TakeAsync(feeder: other));
        await PassAsync(Moment);
        FeedWork second = (await TakeAsync(feeder: other))!;
        Assert.Equal(first.Lines.Select(l => l.Number), second.Lines.Select(l => l.Number));
        Assert.True(await FeedAsync(second));
        Assert.False(await FeedAsync(first));
        Assert.Equal(2, (await Store.ListAsync(Tenant, new JobQuery { Submission = id }, Token)).Count);
        Assert.Equal(2, (await GetAsync(id)).Counts.Fed);
    }

    [Fact]
    public async Task What_a_feeder_leaves_to_others_is_theirs_at_once()
    {
        Guid id = await StartAsync(keep: true), more = await StartAsync(keep: true);
        await StageAsync(id, 0, Line(1));
        Assert.Equal(id, (await TakeAsync())!.Submission.Id);
        await StageAsync(more, 0, Line(1));
        Guid other = Guid.NewGuid();
        Assert.Equal(more, (await TakeAsync(left: [id]))!.Submission.Id);
        Assert.Null(await TakeAsync(left: [id, more]));
        Assert.NotNull(await TakeAsync(feeder: other));
        Assert.NotNull(await TakeAsync(feeder: other, left: [more]));
        Assert.Null(await TakeAsync(left: [more]));
    }

    [Fact]
    public async Task Of_two_feeders_that_store_the_same_lines_at_once_one_does()
    {
        Guid id = await StartAsync(keep: true);
        await StageAsync(id, 0, [.. Enumerable.Range(1, 200).Select(n => Line(n))]);
        FeedWork work = (await TakeAsync())!;
        bool[] stored = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => FeedAsync(work), Token)));
        Assert.Single(stored, true);
        Assert.Equal(200, (await GetAsync(id)).Counts.Fed);
    }

    [Fact]
    public async Task Any_number_of_submissions_that_wait_for_lines_hide_none_that_ends()
    {
        for (int i = 0; i < 501; i++)
        {
            await Submissions.StartAsync(New() with { Source = SubmissionSource.Schedule }, Token);
        }
        Guid id = await FedAsync(1);
        await EndAsync(id, 1);
        Assert.Equal((501, 1), await TendAsync());
        Assert.Equal((SubmissionState.Finished, 1), ((await GetAsync(id)).State, (await GetAsync(id)).Counts.Succeeded));
    }

    [Fact]
    public async Task No_more_is_fed_than_may_be_live_and_submissions_take_turns()
    {
        Guid a = await StartAsync(keep: true), b = await StartAsync(keep: true);
        await StageAsync(a, 0, Line(1), Line(2), Line(3));
        await StageAsync(b, 0, Line(1), Line(2), Line(3));
        List<Guid> turns = [];
        while (await TakeAsync(maxLines: 1, maxLive: 2) is { } work)
        {
            turns.Add(work.Submission.Id);
            Assert.True(await FeedAsync(work));
        }
        Assert.Equal((2, 2), (turns.Count(t => t == a), turns.Count(t => t == b)));
        Assert.NotEqual(turns[0], turns[1]);
        await EndAsync(a, 1);
        await TendAsync();
        Assert.Equal(a, (await TakeAsync(maxLines: 1, maxLive: 2))!.Submission.Id);
    }

    [Fact]
    public async Task A_submission_of_many_lines_has_its_turn_however_many_small_ones_come()
    {
        Guid large = await StartAsync(keep: true);
        await StageAsync(large, 0, [.. Enumerable.Range(1, 9).Select(n => Line(n))]);
        Assert.True(await FeedAsync((await TakeAsync(maxLines: 1))!));
        List<Guid> turns = [];
        for (int i = 0; i < 4; i++)
        {
            await PassAsync(TimeSpan.FromMilliseconds(20));
            Guid small = await StartAsync(keep: true);
            await StageAsync(small, 0, Line(1));
            FeedWork work = (await TakeAsync(maxLines: 1))!;
            turns.Add(work.Submission.Id);
            Assert.True(await FeedAsync(work));
        }
        Assert.Contains(large, turns);
    }

    [Fact]
    public async Task Twins_and_cached_answers_count_as_the_others_do()
    {
        NewJob earlier = Twin("known");
        await SubmitAsync(earlier);
        Guid worker = await WorkerAsync();
        await SucceedAsync(worker, (await RunAsync(worker, earlier.Id)).Fence);
        Guid id = await StartAsync(keep: true);
        await StageAsync(id, 0, Line(1), Line(2), Line(3));
        FeedWork work = (await TakeAsync())!;
        await Submissions.FeedAsync(new FedChunk { Work = work, Jobs = [Fed(id, 1, "known"), Fed(id, 2, "new"), Fed(id, 3, "new")], Invalid = [] }, Token);
        await Submissions.CloseAsync(Tenant, id, UploadEnd.Complete, null, Token);
        await TendAsync();
        Assert.Equal(1, (await GetAsync(id)).Counts.Succeeded);
        await EndAsync(id, 2);
        Assert.Equal((0, 1), await TendAsync());
        Assert.Equal(3, (await GetAsync(id)).Counts.Succeeded);
        IReadOnlyList<LineOutcome> lines = await Submissions.LinesAsync(Tenant, id, LineFilter.Succeeded, 0, 10, Token);
        Assert.Equal([AnswerSource.Cache, AnswerSource.Engine, AnswerSource.Twin], lines.Select(l => l.Job!.Result!.Source));
    }
}
