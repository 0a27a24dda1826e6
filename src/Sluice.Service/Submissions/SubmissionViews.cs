using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>Ids of submissions on the wire.</summary>
internal static class SubmissionIds
{
    public const string Prefix = "sub_";

    public static string Text(Guid id) => $"{Prefix}{id:N}";

    public static bool TryParse(string? text, out Guid id)
    {
        id = default;
        return text is not null && text.StartsWith(Prefix, StringComparison.Ordinal) && Guid.TryParseExact(text.AsSpan(Prefix.Length), "N", out id);
    }
}

/// <summary>A stored submission as callers see it.</summary>
internal static class SubmissionViews
{
    public static SubmissionView Of(SubmissionRecord submission, DateTimeOffset? eta = null) => new()
    {
        Id = SubmissionIds.Text(submission.Id),
        State = submission.State,
        Outcome = Outcome(submission),
        Source = submission.Source,
        Name = submission.Name,
        Schedule = submission.Schedule is { } schedule ? $"sch_{schedule:N}" : null,
        FireTime = submission.FireTime,
        Counts = Of(submission.Counts),
        UploadIncomplete = submission.UploadIncomplete,
        CreatedAt = submission.CreatedAt,
        ClosedAt = submission.ClosedAt,
        FinishedAt = submission.FinishedAt,
        FinishBy = submission.FinishBy,
        Eta = eta,
        Metadata = submission.Metadata,
    };

    /// <summary>Null until it is terminal. Never succeeded where a line has no answer.</summary>
    public static SubmissionOutcome? Outcome(SubmissionRecord submission) => submission switch
    {
        { State: SubmissionState.Receiving or SubmissionState.Running } => null,
        { State: SubmissionState.Cancelled } => SubmissionOutcome.Cancelled,
        { Counts.Lines: 0 } => SubmissionOutcome.Empty,
        { Counts: { Succeeded: var succeeded, Lines: var lines } } when succeeded == lines => SubmissionOutcome.Succeeded,
        { Counts.Succeeded: 0 } => SubmissionOutcome.AllFailed,
        _ => SubmissionOutcome.PartlyFailed,
    };

    private static SubmissionCountsView Of(SubmissionCounts counts) =>
        new(counts.Lines, counts.Invalid, counts.Pending, counts.Fed, counts.Succeeded, counts.Failed, counts.Expired, counts.Cancelled);
}
