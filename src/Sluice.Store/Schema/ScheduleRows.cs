namespace Sluice.Store.Schema;

/// <summary>Jobs made by the clock.</summary>
internal sealed class ScheduleRow
{
    public Guid Id { get; set; }
    public required string Tenant { get; set; }
    public required string Name { get; set; }
    public required string Cron { get; set; }
    public required string TimeZone { get; set; }

    /// <summary>Where rows come from, as JSON.</summary>
    public required string Source { get; set; }

    /// <summary>What becomes of a row, as JSON.</summary>
    public required string Request { get; set; }

    /// <summary>Where answers go, as JSON.</summary>
    public required string Sink { get; set; }
    public TimeOnly? FinishBy { get; set; }
    public TimeSpan? FinishWithin { get; set; }
    public OverlapPolicy Overlap { get; set; }
    public MisfirePolicy Misfire { get; set; }
    public bool Paused { get; set; }
    public int Version { get; set; }
    public DateTimeOffset EffectiveFrom { get; set; }
    public DateTimeOffset? LastFireTime { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>One time of a schedule, with the schedule as it was.</summary>
internal sealed class FiringRow
{
    /// <summary>Of its submission too.</summary>
    public Guid Id { get; set; }
    public required string Tenant { get; set; }
    public Guid Schedule { get; set; }
    public DateTimeOffset FireTime { get; set; }
    public bool Manual { get; set; }
    public FiringState State { get; set; }
    public DateTimeOffset? Deadline { get; set; }
    public required string Name { get; set; }
    public required string Source { get; set; }
    public required string Request { get; set; }
    public required string Sink { get; set; }
    public DateTimeOffset? PreviousFireTime { get; set; }
    public long Rows { get; set; }
    public long Delivered { get; set; }
    public string? SinkCursor { get; set; }

    /// <summary>The fence.</summary>
    public int Claims { get; set; }
    public DateTimeOffset? LeaseUntil { get; set; }
    public string? ErrorCode { get; set; }
    public string? ErrorMessage { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? StagedAt { get; set; }
    public DateTimeOffset? AnsweredAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }
}
