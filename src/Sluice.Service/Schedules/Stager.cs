using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>
/// Makes a run's submission out of its source: page after page of rows, each staged in one transaction with the place where the next begins. Whoever takes the run over goes on there,
/// and of two who read the same page one stages it.
/// </summary>
internal sealed partial class Stager(ISubmissionStore submissions, RowSources sources, IOptions<IntakeOptions> intake, TimeProvider time, ILogger<Stager> logger)
{
    private const int ChunkBytes = 4 << 20;

    public async Task RunAsync(FiringClaim claim)
    {
        FiringRecord firing = claim.Firing;
        JobRequest request = JsonSerializer.Deserialize(claim.Work.Request, JobsJson.Default.JobRequest)!;
        SubmissionRecord? submission = await submissions.GetAsync(firing.Tenant, firing.Id, claim.Token);
        DateTimeOffset? deadline = firing.Deadline;
        if (deadline <= time.GetUtcNow() && submission is null or { State: SubmissionState.Receiving })
        {
            if (request.OnLate != OnLate.Run)
            {
                // What was staged may have begun to run: then the run is cancelled with its submission, which would wait for its other rows for ever.
                await submissions.CancelAsync(firing.Tenant, firing.Id, claim.Token);
                FiringState end = submission is null ? FiringState.Skipped : FiringState.Cancelled;
                await claim.EndAsync(end, FiringEnds.DeadlinePassed, $"It was to be finished by {JobTimes.Text(deadline.Value)}, which had passed.");
                return;
            }
            deadline = null;
        }
        SourceSpec spec = JsonSerializer.Deserialize(claim.Work.Source, SpecJson.Default.SourceSpec)!;
        if (submission is not { State: not SubmissionState.Receiving })
        {
            // Before the submission is opened, so that a source that is not there leaves none behind.
            await using IRowSource source = sources.Open(firing.Tenant, spec, new ClaimedTimes(firing.FireTime, claim.Work.PreviousFireTime), submission?.Cursor, submission?.LastLine ?? 0);
            submission ??= (await submissions.StartAsync(Submission(claim.Work, deadline), claim.Token)).Submission;
            submission = await StageAsync(claim, source, LineWriter.Of(claim.Work.Request), submission);
        }
        if (submission.State == SubmissionState.Cancelled)
        {
            await claim.EndAsync(FiringState.Cancelled, FiringEnds.SubmissionCancelled, "Its submission was cancelled.");
            return;
        }
        await claim.EndAsync(FiringState.Running);
        LogStaged(firing.Id, submission.Counts.Lines, submission.Counts.Invalid);
    }

    /// <summary>Its submission ends, whether or not it has begun: what a run that is being given up might still stage meets a closed door.</summary>
    public async Task CancelAsync(ClaimedFiring work, CancellationToken cancellationToken)
    {
        await submissions.StartAsync(Submission(work, null), cancellationToken);
        await submissions.CancelAsync(work.Firing.Tenant, work.Firing.Id, cancellationToken);
    }

    private async Task<SubmissionRecord> StageAsync(FiringClaim claim, IRowSource source, LineWriter writer, SubmissionRecord submission)
    {
        string tenant = submission.Tenant;
        SourcePage page;
        do
        {
            page = await source.NextAsync(claim.Token);
            foreach (LineChunk chunk in page.Last > submission.LastLine ? Chunks(page, writer, submission.LastLine) : [])
            {
                (bool staged, SubmissionRecord? now) = await submissions.StageAsync(tenant, submission.Id, chunk, claim.Token);
                if (!staged && now is { State: not SubmissionState.Receiving })
                {
                    return now;
                }
                submission = staged && now is not null ? now : throw new FiringLostException();
                await claim.ProgressAsync(rows: submission.Counts.Lines);
            }
        }
        while (!page.End);
        return await submissions.CloseAsync(tenant, submission.Id, UploadEnd.Complete, null, claim.Token) ?? throw new FiringLostException();
    }

    /// <summary>A page's lines, in one chunk unless they are much longer than its rows: a template may name a field often.</summary>
    internal static IEnumerable<LineChunk> Chunks(SourcePage page, LineWriter writer, int after)
    {
        List<StagedLine> lines = [];
        long bytes = 0;
        for (int i = 0; i < page.Rows.Count; i++)
        {
            if (bytes >= ChunkBytes && page.Rows[i - 1] is { Cursor: { } cursor } last)
            {
                yield return new LineChunk { After = after, Last = last.Number, Lines = lines, Cursor = cursor };
                (after, lines, bytes) = (last.Number, [], 0);
            }
            StagedLine line = writer.Write(page.Rows[i]);
            lines.Add(line);
            bytes += line.Request?.Length ?? 0;
        }
        yield return new LineChunk { After = after, Last = page.Last, Lines = lines, Cursor = page.Cursor };
    }

    private NewSubmission Submission(ClaimedFiring work, DateTimeOffset? deadline) => new()
    {
        Id = work.Firing.Id,
        Tenant = work.Firing.Tenant,
        Source = SubmissionSource.Schedule,
        Name = work.Name,
        Schedule = work.Firing.Schedule,
        FireTime = work.Firing.FireTime,
        KeepIncomplete = true,
        FinishBy = deadline,
        Retention = intake.Value.Retention,
    };

    [LoggerMessage(6020, LogLevel.Information, "Run {Firing} is staged: {Rows} rows, {Invalid} of them in error")]
    private partial void LogStaged(Guid firing, int rows, int invalid);
}
