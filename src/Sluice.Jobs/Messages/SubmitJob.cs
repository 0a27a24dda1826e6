namespace Sluice.Jobs.Messages;

/// <summary>
/// A job sent over the bus, to exchange <c>sluice.submit</c>; the tenant is the broker-validated user-id, never a member of the body.
/// What cannot be accepted is answered with <see cref="JobRejected"/>.
/// </summary>
public sealed record SubmitJob
{
    public const int CurrentVersion = 1;

    /// <summary>1. A higher one is refused.</summary>
    public int SchemaVersion { get; init; } = CurrentVersion;

    /// <summary>Chosen by the producer: the same key from the same tenant makes one job. Required, up to 255 characters.</summary>
    public string? IdempotencyKey { get; init; }

    public JobRequest? Job { get; init; }
}

/// <summary>A job reached a terminal state. Published after the transaction that wrote it; thin on purpose.</summary>
public sealed record JobFinished
{
    public int SchemaVersion { get; init; } = SubmitJob.CurrentVersion;
    public required JobId Id { get; init; }
    public required string Tenant { get; init; }
    public required JobState State { get; init; }
    public string? CustomId { get; init; }
    public string? IdempotencyKey { get; init; }
    public required DateTimeOffset FinishedAt { get; init; }
    public string? ErrorCode { get; init; }
}

/// <summary>A submitted job was not accepted; nothing of it is stored.</summary>
public sealed record JobRejected
{
    public int SchemaVersion { get; init; } = SubmitJob.CurrentVersion;
    public string? IdempotencyKey { get; init; }
    public string? Tenant { get; init; }
    public required IReadOnlyList<FieldError> Errors { get; init; }
}
