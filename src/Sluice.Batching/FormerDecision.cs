namespace Sluice.Batching;

/// <summary>What a former says when asked.</summary>
public sealed record FormerDecision
{
    /// <summary>To hand over now; null when nothing may or nothing should go. After a batch, ask again with what room is left.</summary>
    public FormedBatch? Batch { get; init; }

    /// <summary>Jobs that cannot meet their deadline any more; they no longer wait.</summary>
    public IReadOnlyList<LeavingJob> Expired { get; init; } = [];

    /// <summary>Jobs that this engine can never hold, even alone; they no longer wait.</summary>
    public IReadOnlyList<LeavingJob> Impossible { get; init; } = [];

    /// <summary>When to ask again though nothing has happened; null when only a new job or a freed sequence can change the answer.</summary>
    public DateTimeOffset? LookAgainAt { get; init; }
}

/// <summary>A job that leaves without having run.</summary>
/// <param name="Job">As it was added.</param>
/// <param name="Why">The arithmetic, for people: <c>deadline 12:00:05.000 is in 1.200 s, …</c></param>
public sealed record LeavingJob(WaitingJob Job, string Why);
