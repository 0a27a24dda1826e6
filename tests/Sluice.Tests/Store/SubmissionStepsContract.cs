using System.Text;
using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>Short ways to move a submission along.</summary>
public abstract class SubmissionStepsContract(StoreHost host) : StoreContract(host)
{
    protected static readonly Guid Feeder = Guid.NewGuid();

    protected static NewSubmission New() => new() { Id = NewId().Value, Tenant = Tenant };

    /// <summary>A line whose request is its number in words.</summary>
    protected static StagedLine Line(int number, string? customId = null) => new(number, Encoding.UTF8.GetBytes($"line {number}"), customId);

    protected static LineChunk Chunk(int after, params int[] numbers) => new() { After = after, Last = numbers[^1], Lines = [.. numbers.Select(n => Line(n))] };

    protected async Task<Guid> StartAsync(bool keep = false)
    {
        NewSubmission submission = New() with { KeepIncomplete = keep };
        Assert.True((await Submissions.StartAsync(submission, Token)).Created);
        return submission.Id;
    }

    protected async Task StageAsync(Guid id, int after, params StagedLine[] lines) => Assert.True(
        (await Submissions.StageAsync(Tenant, id, new LineChunk { After = after, Last = lines[^1].Number, Lines = lines }, Token)).Staged);

    protected Task<FeedWork?> TakeAsync(int maxLines = 1000, Guid? feeder = null, int maxLive = 8000, IReadOnlyList<Guid>? left = null) =>
        Submissions.TakeAsync(new FeedRequest { Feeder = feeder ?? Feeder, MaxLines = maxLines, MaxLive = maxLive, Lease = TimeSpan.FromSeconds(1), Left = left ?? [] }, Token);

    protected async Task<bool> FeedAsync(FeedWork work, int invalid = 0) => await Submissions.FeedAsync(new FedChunk
    {
        Work = work,
        Jobs = [.. work.Lines.Where(l => l.Number != invalid).Select(l => Fed(work.Submission.Id, l.Number))],
        Invalid = [.. work.Lines.Where(l => l.Number == invalid).Select(l => new StagedLine(l.Number, null, "bad", [new FieldError("model", "No.", "unknown_model")]))],
    }, Token) is not null;

    protected static NewJob Fed(Guid submission, int number, string? twin = null) => (twin is null ? Job($"prompt {number}") : Twin(twin)) with
    {
        Id = SubmissionJobs.IdOf(submission, number),
        Submission = submission,
        CustomId = $"c{number}",
        Shape = 9,
    };

    /// <summary>A closed submission whose lines are all jobs.</summary>
    protected async Task<Guid> FedAsync(int lines)
    {
        Guid id = await StartAsync();
        await StageAsync(id, 0, [.. Enumerable.Range(1, lines).Select(n => Line(n))]);
        await Submissions.CloseAsync(Tenant, id, UploadEnd.Complete, null, Token);
        Assert.True(await FeedAsync((await TakeAsync())!));
        return id;
    }

    /// <summary>Runs the jobs of these lines, in this order, to success.</summary>
    protected async Task EndAsync(Guid id, params int[] lines)
    {
        Guid worker = await WorkerAsync();
        foreach (int line in lines)
        {
            ClaimedJob job = await RunAsync(worker, SubmissionJobs.IdOf(id, line));
            Assert.True(await SucceedAsync(worker, job.Fence));
        }
    }

    protected async Task<(int Open, int Finished)> TendAsync()
    {
        TendReport report = await Submissions.TendAsync(new TendOptions { AbandonedAfter = Soon }, Token);
        return (report.Open, report.Finished);
    }

    protected async Task<SubmissionRecord> GetAsync(Guid id)
    {
        SubmissionRecord? submission = await Submissions.GetAsync(Tenant, id, Token);
        Assert.NotNull(submission);
        return submission;
    }
}
