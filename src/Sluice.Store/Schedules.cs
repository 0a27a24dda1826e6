namespace Sluice.Store;

/// <summary>What happens when a firing finds an earlier one of its schedule that has not ended.</summary>
public enum OverlapPolicy
{
    /// <summary>Nothing runs; the firing is noted as skipped.</summary>
    Skip = 0,

    /// <summary>It runs after the earlier ones.</summary>
    Queue = 1,

    /// <summary>The earlier ones are cancelled; it runs at once.</summary>
    CancelOlder = 2,
}

/// <summary>What happens to times that passed while no scheduler ran.</summary>
public enum MisfirePolicy
{
    /// <summary>The latest of them runs, once; the others do not.</summary>
    FireOnce = 0,

    /// <summary>None of them runs.</summary>
    Skip = 1,
}

/// <summary>Jobs made by the clock.</summary>
public sealed record ScheduleRecord
{
    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }
    public required string Tenant { get; init; }

    /// <summary>Unique per tenant.</summary>
    public required string Name { get; init; }

    /// <summary>Six or seven fields, seconds first.</summary>
    public required string Cron { get; init; }

    /// <summary>IANA name.</summary>
    public required string TimeZone { get; init; }

    /// <summary>Where rows come from, as JSON; opaque to the store.</summary>
    public required string Source { get; init; }

    /// <summary>What becomes of a row, as JSON; opaque to the store.</summary>
    public required string Request { get; init; }

    /// <summary>Where answers go, as JSON; opaque to the store.</summary>
    public required string Sink { get; init; }

    /// <summary>Finish by this time of the schedule's zone, the first after the firing; at most one of this and <see cref="FinishWithin"/>.</summary>
    public TimeOnly? FinishBy { get; init; }

    /// <summary>Finish within this of the scheduled time.</summary>
    public TimeSpan? FinishWithin { get; init; }
    public OverlapPolicy Overlap { get; init; }
    public MisfirePolicy Misfire { get; init; }
    public bool Paused { get; init; }

    /// <summary>From 1, one more with every change.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Times before this never fire: when it was made, resumed or given other times.</summary>
    public DateTimeOffset EffectiveFrom { get; init; }

    /// <summary>The latest scheduled time that fired.</summary>
    public DateTimeOffset? LastFireTime { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Where a firing stands. From <see cref="Finished"/> on it has ended.</summary>
public enum FiringState
{
    /// <summary>Earlier ones of its schedule have not ended.</summary>
    Waiting = 0,

    /// <summary>Rows of the source become lines of its submission.</summary>
    Staging = 1,

    /// <summary>The submission's jobs run.</summary>
    Running = 2,

    /// <summary>Answers are taken to the sink.</summary>
    Delivering = 3,

    /// <summary>A later one takes its place.</summary>
    Cancelling = 4,
    Finished = 5,

    /// <summary>Nothing ran, as the schedule's overlap policy asks, or because its deadline had passed.</summary>
    Skipped = 6,

    /// <summary>Its source or its sink failed, or the service itself did at each attempt.</summary>
    Failed = 7,
    Cancelled = 8,
}

/// <summary>One time of a schedule: one submission, of the same id.</summary>
public sealed record FiringRecord
{
    /// <summary>Of its submission too, where it came to one.</summary>
    public required Guid Id { get; init; }
    public required string Tenant { get; init; }
    public required Guid Schedule { get; init; }

    /// <summary>As scheduled; unique within the schedule.</summary>
    public required DateTimeOffset FireTime { get; init; }

    /// <summary>Asked for by a person, not by the clock.</summary>
    public bool Manual { get; init; }
    public required FiringState State { get; init; }
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Rows of the source that became lines, those in error included.</summary>
    public long Rows { get; init; }

    /// <summary>Lines taken to the sink.</summary>
    public long Delivered { get; init; }
    public string? ErrorCode { get; init; }
    public string? ErrorMessage { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When all rows were staged.</summary>
    public DateTimeOffset? StagedAt { get; init; }

    /// <summary>When its jobs had ended.</summary>
    public DateTimeOffset? AnsweredAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>A firing to work on, with the schedule as it was when it fired.</summary>
public sealed record ClaimedFiring
{
    public required FiringRecord Firing { get; init; }
    public required string Name { get; init; }
    public required string Source { get; init; }
    public required string Request { get; init; }
    public required string Sink { get; init; }

    /// <summary>The scheduled time before this one whose firing was neither skipped nor failed nor cancelled, as the first claim found it.</summary>
    public DateTimeOffset? PreviousFireTime { get; init; }

    /// <summary>How far the sink is filled, in the sink's own words.</summary>
    public string? SinkCursor { get; init; }

    /// <summary>Writes of the claim carry it; a later claim moves it.</summary>
    public required FiringFence Fence { get; init; }
}

/// <summary>The claim under which a firing is worked on.</summary>
public readonly record struct FiringFence(Guid Firing, int Claims);

/// <summary>What is new about a claimed firing; what is null stays as it is.</summary>
public sealed record FiringChange
{
    public FiringState? State { get; init; }
    public long? Rows { get; init; }
    public long? Delivered { get; init; }
    public string? SinkCursor { get; init; }
    public string? ErrorCode { get; init; }
    public string? ErrorMessage { get; init; }

    /// <summary>How long the claim holds from now; zero gives it back.</summary>
    public required TimeSpan Lease { get; init; }
}

/// <summary>A schedule's time has come.</summary>
public sealed record FireRequest
{
    /// <summary>UUIDv7 for the firing, if there is to be one.</summary>
    public required Guid Id { get; init; }
    public required Guid Schedule { get; init; }

    /// <summary>As scheduled; null for now, asked for by a person.</summary>
    public DateTimeOffset? FireTime { get; init; }

    /// <summary>When it is to be finished.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Firings of a schedule that may wait; one more is skipped.</summary>
    public int MostWaiting { get; init; } = 100;
}

/// <summary>What became of a new schedule.</summary>
public enum ScheduleAdded
{
    Added,

    /// <summary>The tenant has one of that name.</summary>
    NameTaken,

    /// <summary>The tenant has as many as it may.</summary>
    Full,
}

/// <summary>Words for why a firing ended as it did.</summary>
public static class FiringEnds
{
    public const string Overlap = "overlap", QueueFull = "queue_full", Superseded = "superseded", DeadlinePassed = "deadline_passed", SubmissionCancelled = "submission_cancelled";
    public const string Source = "source_failed", Sink = "sink_failed", Internal = "internal_error";
    public const string OverlapMessage = "An earlier run of this schedule had not ended.";
    public const string QueueFullMessage = "As many runs of this schedule wait as may.";
    public const string InternalMessage = "Something went wrong here, each time; the run's id finds it in the log.";
    public const string SupersededMessage = "A later run of this schedule took its place.";
}
