namespace Sluice.Store.Schema;

/// <summary>Where a submission stands.</summary>
internal enum SubmissionState
{
    Receiving = 0,
    Running = 1,
    Finished = 2,
    Cancelled = 3,
}

/// <summary>Where a staged line stands.</summary>
internal enum LineState
{
    Staged = 0,
    Fed = 1,
    Invalid = 2,
    Cancelled = 3,
}

/// <summary>Jobs that came in together: a file, a list, one firing of a schedule.</summary>
internal sealed class SubmissionRow
{
    public Guid Id { get; set; }
    public required string Tenant { get; set; }
    public SubmissionState State { get; set; }
    public string? Name { get; set; }
    public string? IdempotencyKey { get; set; }
    public Guid? Schedule { get; set; }

    /// <summary>When the schedule meant it to fire: one submission per schedule and time.</summary>
    public DateTimeOffset? FireTime { get; set; }

    /// <summary>The upload broke off.</summary>
    public bool UploadIncomplete { get; set; }

    /// <summary>A broken upload cancels what was received.</summary>
    public bool CancelIncomplete { get; set; }
    public int Lines { get; set; }
    public int Invalid { get; set; }
    public int Fed { get; set; }
    public int Succeeded { get; set; }
    public int Failed { get; set; }
    public int Expired { get; set; }
    public int Cancelled { get; set; }
    public string? Metadata { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
}

/// <summary>A line as received, before it is fed into jobs.</summary>
internal sealed class SubmissionLineRow
{
    public Guid Submission { get; set; }

    /// <summary>From 1.</summary>
    public int Number { get; set; }
    public required string Tenant { get; set; }
    public string? CustomId { get; set; }
    public LineState State { get; set; }
    public Guid? Job { get; set; }
    public string? Request { get; set; }
    public string? Error { get; set; }
}

/// <summary>What happens when a firing finds the one before still running.</summary>
internal enum Overlap
{
    Skip = 0,
    Queue = 1,
    CancelOlder = 2,
}

/// <summary>Jobs made by the clock.</summary>
internal sealed class ScheduleRow
{
    public Guid Id { get; set; }
    public required string Tenant { get; set; }
    public required string Name { get; set; }
    public required string Cron { get; set; }
    public required string TimeZone { get; set; }

    /// <summary>Source, template and sink as JSON.</summary>
    public required string Source { get; set; }
    public required string Template { get; set; }
    public required string Sink { get; set; }
    public TimeOnly? FinishBy { get; set; }
    public Overlap Overlap { get; set; }
    public bool Enabled { get; set; }

    /// <summary>The last key that was enumerated: a restart continues there.</summary>
    public string? Cursor { get; set; }
    public DateTimeOffset? LastFireTime { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}
