using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>A stored job as callers see it.</summary>
internal static class JobViews
{
    public static JobView Of(JobRecord job) => new()
    {
        Id = job.Id,
        State = job.State,
        Model = job.Model,
        ModelRevision = job.ModelRevision,
        Kind = job.Kind,
        Priority = job.Class,
        Namespace = job.Namespace,
        CustomId = job.CustomId,
        Submission = job.Submission is Guid submission ? $"{SubmissionPrefix}{submission:N}" : null,
        RetryOf = job.RetryOf,
        CreatedAt = job.CreatedAt,
        StartedAt = job.StartedAt,
        FinishedAt = job.FinishedAt,
        Deadline = job.Deadline,
        OnLate = job.Deadline is null ? null : job.OnLate,
        Eta = job.Eta,
        WillMeetDeadline = job.WillMeetDeadline,
        DelayMs = Milliseconds(job.CreatedAt, job.StartedAt),
        ExecutionMs = job.StartedAt is DateTimeOffset started ? Milliseconds(started, job.FinishedAt) : null,
        Source = job.Result?.Source,
        Cache = job.Result?.Cache,
        Outputs = job.Result?.Outputs,
        Usage = job.Result?.Usage,
        Error = job.Error,
        Metadata = job.Metadata,
    };

    public const string SubmissionPrefix = "sub_";

    private static long? Milliseconds(DateTimeOffset from, DateTimeOffset? to) => to is DateTimeOffset end ? Math.Max(0, (long)(end - from).TotalMilliseconds) : null;
}
