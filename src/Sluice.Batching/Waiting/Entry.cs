namespace Sluice.Batching.Waiting;

/// <summary>A waiting job with its place in the order. Times are UTC ticks. Keys change only while the entry is unlinked.</summary>
internal sealed class Entry(WaitingJob job, long addedAt, long number)
{
    public WaitingJob Job { get; set; } = job;

    /// <summary>When it began to wait here.</summary>
    public long AddedAt { get; } = addedAt;

    /// <summary>Unique, in the order of arrival.</summary>
    public long Number { get; } = number;

    /// <summary>Deadline less the safe prediction; <see cref="long.MaxValue"/> where there is no deadline left to make.</summary>
    public long SafeStart { get; set; }

    /// <summary>The place within its class: the safe start, or what stands for it.</summary>
    public long Due { get; set; }

    /// <summary>Its deadline is lost and it runs late.</summary>
    public bool Late { get; set; }

    /// <summary>Since when it has been first in order without fitting; null when it has not.</summary>
    public long? PassedOverSince { get; set; }

    /// <summary>Index in the backlog's round of refreshing.</summary>
    public int Slot { get; set; }

    public PrefixGroup? Group { get; set; }

    public Family? Family { get; set; }

    /// <summary>Index in its family.</summary>
    public int Place { get; set; }

    /// <summary>Seconds of engine work, as last reckoned.</summary>
    public double Work { get; set; }

    /// <summary>The work that sums of the backlog count it with.</summary>
    public double Counted { get; set; }

    /// <summary>Weighted tokens per second of engine work, as last reckoned.</summary>
    public double Density { get; set; }

    /// <summary>Prompt tokens that were thought to be in pages already when it was picked.</summary>
    public int CachedTokens { get; set; }

    /// <summary>Begun now, it would rather not end in time.</summary>
    public bool Risky { get; set; }

    /// <summary>Worth less than what the engine can do in time: it waits behind the others.</summary>
    public bool Parked { get; set; }

    public bool Dated => Job.Deadline is not null && !Late;

    /// <summary>Most urgent first, then oldest.</summary>
    public static IComparer<Entry> ByDue { get; } = Comparer<Entry>.Create(static (a, b) =>
        a.Due != b.Due ? a.Due.CompareTo(b.Due)
        : a.Job.CreatedAt != b.Job.CreatedAt ? a.Job.CreatedAt.CompareTo(b.Job.CreatedAt)
        : a.Number.CompareTo(b.Number));

    public static IComparer<Entry> BySafeStart { get; } = Comparer<Entry>.Create(static (a, b) =>
        a.SafeStart != b.SafeStart ? a.SafeStart.CompareTo(b.SafeStart) : a.Number.CompareTo(b.Number));
}
