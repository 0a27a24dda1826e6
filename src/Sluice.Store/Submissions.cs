using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>A submission to be opened for lines.</summary>
public sealed record NewSubmission
{
    /// <summary>UUIDv7: the ids of its jobs are made of it (<see cref="SubmissionJobs"/>).</summary>
    public required Guid Id { get; init; }
    public required string Tenant { get; init; }
    public SubmissionSource Source { get; init; }
    public string? Name { get; init; }

    /// <summary>Unique per tenant.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>With <see cref="FireTime"/>: one submission per schedule and time.</summary>
    public Guid? Schedule { get; init; }
    public DateTimeOffset? FireTime { get; init; }

    /// <summary>An upload that breaks off keeps and runs what was received, and lines are fed while others still come; else nothing runs before the upload is whole.</summary>
    public bool KeepIncomplete { get; init; }

    /// <summary>What lines take where they say nothing: JSON, opaque to the store.</summary>
    public string? Defaults { get; init; }

    /// <summary>Latest deadline of every line.</summary>
    public DateTimeOffset? FinishBy { get; init; }
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);
}

/// <summary>How many lines stand where. A line is counted in one of <see cref="Invalid"/>, the four ends, or none of them while it is pending.</summary>
public readonly record struct SubmissionCounts(int Lines, int Invalid, int Fed, int Succeeded, int Failed, int Expired, int Cancelled)
{
    /// <summary>Jobs that have ended, and lines that were cancelled before they became jobs.</summary>
    public int Ended => Succeeded + Failed + Expired + Cancelled;

    public int Pending => Lines - Invalid - Ended;
}

/// <summary>What the fed lines of a submission brought to be computed; lines that the cache or a twin answered bring nothing.</summary>
/// <param name="Model">Theirs; empty where they are of several.</param>
/// <param name="PromptTokens">All of theirs.</param>
/// <param name="MaxNewTokens">Most that they may generate together.</param>
public sealed record SubmissionWork(string Model, long PromptTokens, long MaxNewTokens)
{
    /// <summary>Of jobs that were stored.</summary>
    internal static SubmissionWork? Of(IReadOnlyList<NewJob> jobs, Func<int, bool> isQueued) => jobs.Count == 0 ? null
        : new(jobs.All(job => job.Model == jobs[0].Model) ? jobs[0].Model : "", jobs.Where((_, i) => isQueued(i)).Sum(job => (long)job.PromptTokens), jobs.Where((_, i) => isQueued(i)).Sum(job => (long)job.MaxNewTokens));

    internal static SubmissionWork? Sum(SubmissionWork? one, SubmissionWork? other) =>
        one is null ? other : other is null ? one : one with { Model = one.Model == other.Model ? one.Model : "", PromptTokens = one.PromptTokens + other.PromptTokens, MaxNewTokens = one.MaxNewTokens + other.MaxNewTokens };
}

/// <summary>A submission as it stands.</summary>
public sealed record SubmissionRecord
{
    public required Guid Id { get; init; }
    public required string Tenant { get; init; }
    public required SubmissionState State { get; init; }
    public required SubmissionSource Source { get; init; }
    public string? Name { get; init; }
    public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 of all that was sent; null while receiving.</summary>
    public byte[]? RequestHash { get; init; }
    public Guid? Schedule { get; init; }
    public DateTimeOffset? FireTime { get; init; }
    public bool KeepIncomplete { get; init; }

    /// <summary>The upload broke off.</summary>
    public bool UploadIncomplete { get; init; }
    public string? Defaults { get; init; }
    public DateTimeOffset? FinishBy { get; init; }
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
    public required SubmissionCounts Counts { get; init; }

    /// <summary>What its fed lines brought; null before the first.</summary>
    public SubmissionWork? Work { get; init; }

    /// <summary>Number of the last line received, blank ones included.</summary>
    public required int LastLine { get; init; }

    /// <summary>Lines up to this one have become jobs or error rows.</summary>
    public required int FedTo { get; init; }

    /// <summary>How far the source was read, in its own words; stored with the lines.</summary>
    public string? Cursor { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the last line had come.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>When it became terminal.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>A line to be staged.</summary>
/// <param name="Number">From 1; the place in the source. Numbers may leave gaps.</param>
/// <param name="Request">As received; null with <paramref name="Errors"/>.</param>
/// <param name="CustomId">The caller's name for it; a second line of the same name becomes an error row.</param>
/// <param name="Errors">Why it cannot run; null where nothing is known against it.</param>
public sealed record StagedLine(int Number, byte[]? Request, string? CustomId, IReadOnlyList<FieldError>? Errors = null);

/// <summary>Lines that go into the store together.</summary>
public sealed record LineChunk
{
    /// <summary><see cref="SubmissionRecord.LastLine"/> as the caller knows it: a repeated or late chunk stores nothing.</summary>
    public required int After { get; init; }

    /// <summary>The last line read: at least the last of <see cref="Lines"/>.</summary>
    public required int Last { get; init; }

    /// <summary>In order of their numbers.</summary>
    public required IReadOnlyList<StagedLine> Lines { get; init; }

    /// <summary>Where a restart goes on; null leaves it as it is.</summary>
    public string? Cursor { get; init; }
}

/// <summary>How the lines of a submission came to an end.</summary>
public enum UploadEnd
{
    Complete,

    /// <summary>Broken off: what was received is kept or cancelled, as the submission was told.</summary>
    Incomplete,

    /// <summary>Refused: what was received is cancelled.</summary>
    Refused,
}

/// <summary>A page of a listing, newest first.</summary>
public sealed record SubmissionQuery
{
    public SubmissionState? State { get; init; }
    public Guid? Schedule { get; init; }
    public Guid? After { get; init; }
    public int Limit { get; init; } = 100;
}
