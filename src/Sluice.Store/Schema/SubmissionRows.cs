using Sluice.Jobs;

namespace Sluice.Store.Schema;

/// <summary>Where a staged line stands. What became of a fed one is its job's to say.</summary>
internal enum LineState
{
    Staged = 0,
    Invalid = 1,
}

/// <summary>Jobs that came in together: a file, a list, one firing of a schedule.</summary>
internal sealed class SubmissionRow
{
    public Guid Id { get; set; }
    public required string Tenant { get; set; }
    public SubmissionState State { get; set; }
    public SubmissionSource Source { get; set; }
    public string? Name { get; set; }
    public string? IdempotencyKey { get; set; }

    /// <summary>SHA-256 of all that was sent; known when it is whole.</summary>
    public byte[]? RequestHash { get; set; }
    public Guid? Schedule { get; set; }

    /// <summary>When the schedule meant it to fire: one submission per schedule and time.</summary>
    public DateTimeOffset? FireTime { get; set; }

    /// <summary>The upload broke off.</summary>
    public bool UploadIncomplete { get; set; }

    /// <summary>A broken upload cancels what was received; nothing is fed before it is whole.</summary>
    public bool CancelIncomplete { get; set; }

    /// <summary>What lines take where they say nothing, as JSON.</summary>
    public string? Defaults { get; set; }
    public DateTimeOffset? FinishBy { get; set; }
    public string? Metadata { get; set; }

    /// <summary>Lines received, blank ones aside.</summary>
    public int Lines { get; set; }
    public int Invalid { get; set; }
    public int Fed { get; set; }
    public int Succeeded { get; set; }
    public int Failed { get; set; }
    public int Expired { get; set; }
    public int Cancelled { get; set; }

    /// <summary>Number of the last line received.</summary>
    public int LastLine { get; set; }

    /// <summary>Number of the last line fed: the feeder's fence.</summary>
    public int FedTo { get; set; }

    /// <summary>Of the first fed line.</summary>
    public string? Model { get; set; }

    /// <summary>Of the fed lines that had to be queued.</summary>
    public long FedPromptTokens { get; set; }

    /// <summary>Most that those may generate.</summary>
    public long FedNewTokens { get; set; }

    /// <summary>How far a schedule's source was read.</summary>
    public string? Cursor { get; set; }
    public Guid? Feeder { get; set; }
    public DateTimeOffset? FeederUntil { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When a line last came.</summary>
    public DateTimeOffset TouchedAt { get; set; }
    public DateTimeOffset? ClosedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>Terminal, its jobs ended and its counts final.</summary>
    public bool Settled { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>Its retention is over: lines and names are gone.</summary>
    public bool Purged { get; set; }
}

/// <summary>A line as received, before it is fed into jobs.</summary>
internal sealed class SubmissionLineRow
{
    public Guid Submission { get; set; }

    /// <summary>From 1.</summary>
    public int Number { get; set; }
    public required string Tenant { get; set; }
    public LineState State { get; set; }

    /// <summary>First 16 bytes of the custom_id's SHA-256: unique within a submission.</summary>
    public Guid? IdHash { get; set; }

    /// <summary>Of error rows; a staged line has it in its request.</summary>
    public string? CustomId { get; set; }
    public byte[]? Request { get; set; }

    /// <summary>List of <see cref="FieldError"/> as JSON.</summary>
    public string? Errors { get; set; }
}

/// <summary>
/// Ends of jobs that are not yet added to their submission's counts. Only inserted and deleted: many transactions end jobs of one submission at a time, and none of
/// them may wait for another's hold on the submission's row.
/// </summary>
internal sealed class SubmissionTallyRow
{
    public long Id { get; set; }
    public Guid Submission { get; set; }
    public required string Tenant { get; set; }
    public int Succeeded { get; set; }
    public int Failed { get; set; }
    public int Expired { get; set; }
    public int Cancelled { get; set; }
}
