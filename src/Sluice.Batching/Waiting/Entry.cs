using Sluice.Jobs;

namespace Sluice.Batching.Waiting;

/// <summary>A waiting job with its place in the order and in the tree of prefixes. Times are UTC ticks. Keys change only while the entry is unlinked.</summary>
internal sealed class Entry(WaitingJob job, long addedAt, long number) : PrefixEdge
{
    /// <summary>Without its chain, which the tree keeps.</summary>
    public WaitingJob Job { get; set; } = job;

    /// <summary>When it began to wait here.</summary>
    public long AddedAt { get; } = addedAt;

    /// <summary>Unique, in the order of arrival.</summary>
    public long Number { get; } = number;

    /// <summary>Deadline less the safe prediction; <see cref="long.MaxValue"/> where there is no deadline left to make.</summary>
    public long SafeStart { get; set; }

    /// <summary>The place within its class: the safe start, or what stands for it.</summary>
    public long Due { get; set; }

    /// <summary>Since when it has been first in order without fitting; 0 when it has not.</summary>
    public long PassedOverSince { get; set; }

    /// <summary>Seconds of engine work, as last reckoned.</summary>
    public double Work { get; set; }

    /// <summary>Weighted tokens per second of engine work, as last reckoned.</summary>
    public double Density { get; set; }

    /// <summary>The slot of <see cref="Demand"/> that its work was added to.</summary>
    public long Slot { get; set; }

    /// <summary>Of its tenant, in the lane that it is in.</summary>
    public TenantLine? Line { get; set; }

    /// <summary>Its tenant's part of what its class has been given.</summary>
    public required TenantShare Share { get; init; }

    /// <summary>Index in <see cref="SafeStarts"/>; negative where it is not there.</summary>
    public int SafeIndex { get; set; } = -1;

    /// <summary>Tokens that each mark of its prefix stands for; 0 where only a key is known.</summary>
    public int MarkTokens { get; init; }

    /// <summary>Its deadline is lost and it runs late.</summary>
    public bool Late { get; set; }

    /// <summary>Begun now, it would rather not end in time.</summary>
    public bool Risky { get; set; }

    /// <summary>Worth less than what the engine can do in time: it waits behind the others.</summary>
    public bool Parked { get; set; }

    public bool Dated => Job.Deadline is not null && !Late;

    /// <summary>
    /// It goes behind others while its tenant has had more than its share. What has a deadline does not: of that, as much is kept as can be done in time, and only in
    /// the order of deadlines; there the share tells in what is kept.
    /// </summary>
    public bool IsDelayed => !Dated || Job.Class == JobClass.Interactive;

    /// <summary>It goes behind others now.</summary>
    public bool IsAhead => IsDelayed && Share.IsAhead;

    /// <summary>Most urgent first, then oldest.</summary>
    public static IComparer<Entry> ByDue { get; } = Comparer<Entry>.Create(static (a, b) =>
        a.Due != b.Due ? a.Due.CompareTo(b.Due)
        : a.Job.CreatedAt != b.Job.CreatedAt ? a.Job.CreatedAt.CompareTo(b.Job.CreatedAt)
        : a.Number.CompareTo(b.Number));
}
