using Sluice.Jobs;

namespace Sluice.Store.Schema;

/// <summary>Waits to be published; deleted when it was.</summary>
internal sealed class OutboxEntry
{
    public long Id { get; set; }
    public OutboxKind Kind { get; set; }
    public Guid Job { get; set; }

    /// <summary>A ticket for several jobs: all of them, the first included.</summary>
    public Guid[]? Jobs { get; set; }
    public required string Tenant { get; set; }
    public required string Model { get; set; }
    public JobClass Class { get; set; }
    public long PrefixKey { get; set; }
    public DateTimeOffset? Deadline { get; set; }
    public JobState? State { get; set; }
    public string? ErrorCode { get; set; }
    public string? CustomId { get; set; }
    public string? IdempotencyKey { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public string? TraceParent { get; set; }
}

/// <summary>One key of one tenant makes one job.</summary>
internal sealed class IdempotencyKeyRow
{
    public required string Tenant { get; set; }
    public required string Key { get; set; }
    public required byte[] Hash { get; set; }
    public Guid Job { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
}

/// <summary>A living worker incarnation: the row's absence means dead.</summary>
internal sealed class WorkerRow
{
    public Guid Id { get; set; }
    public required string Name { get; set; }
    public required string[] Models { get; set; }

    /// <summary>Null where it consumes no shards, as versions before this column do.</summary>
    public int? Shards { get; set; }
    public DateTimeOffset StartedAt { get; set; }
    public DateTimeOffset SeenAt { get; set; }

    /// <summary>What it says of its engines' backlogs, as JSON.</summary>
    public string? Load { get; set; }
}

/// <summary>A model revision that was served.</summary>
internal sealed class ModelRow
{
    public required string Name { get; set; }

    /// <summary>Hash over the model's files.</summary>
    public required string Revision { get; set; }
    public string? Config { get; set; }
    public DateTimeOffset FirstSeenAt { get; set; }
}

/// <summary>What work of a model costs on a backend, as learned. One row, the latest, for each.</summary>
internal sealed class CostModelRow
{
    public required string Model { get; set; }
    public required string Revision { get; set; }
    public required string Backend { get; set; }

    /// <summary>All that was learned, as JSON.</summary>
    public required string Learned { get; set; }

    /// <summary>Steps learned from.</summary>
    public long Steps { get; set; }

    /// <summary>Relative error of the predicted time of a step, over the last 1,000: median, 95th percentile.</summary>
    public double ErrorP50 { get; set; }
    public double ErrorP95 { get; set; }
    public DateTimeOffset SavedAt { get; set; }
}
