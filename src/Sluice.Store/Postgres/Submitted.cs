using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>A job on its way through a submit.</summary>
internal sealed class Submitted(NewJob job)
{
    public NewJob Job { get; } = job;

    /// <summary>Where the cache has one.</summary>
    public JobResult? Answer { get; set; }

    /// <summary>Decided so far; null while it may still become a leader or a follower.</summary>
    public SubmitOutcome? Outcome { get; set; }

    /// <summary>The job that the idempotency key belongs to.</summary>
    public Guid? Repeats { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? Deadline { get; set; }
    public Guid? WaitsFor { get; set; }
    public DateTimeOffset? Eta { get; set; }
    public bool? WillMeetDeadline { get; set; }

    /// <summary>Its equal that is live is quoted to end in time.</summary>
    public bool Timely { get; set; }

    public bool Keyed => Job.ExactKey is not null;

    public bool Stored => Outcome is SubmitOutcome.Queued or SubmitOutcome.CacheHit or SubmitOutcome.Twin;

    public JobRecord Record() => new()
    {
        Id = Job.Id,
        Tenant = Job.Tenant,
        Namespace = Job.Namespace,
        Kind = Job.Kind,
        Class = Job.Class,
        Model = Job.Model,
        ModelRevision = Job.ModelRevision,
        State = Answer is null ? JobState.Queued : JobState.Succeeded,
        PromptTokens = Job.PromptTokens,
        Claims = 0,
        Failures = 0,
        WaitsFor = WaitsFor is { } leader ? new JobId(leader) : null,
        RetryOf = Job.RetryOf,
        Submission = Job.Submission,
        CustomId = Job.CustomId,
        CreatedAt = CreatedAt,
        FinishedAt = Answer is null ? null : CreatedAt,
        Deadline = Deadline,
        OnLate = Job.OnLate,
        Eta = Eta,
        WillMeetDeadline = WillMeetDeadline,
        Metadata = Job.Request.Metadata,
        Result = Answer,
    };
}
