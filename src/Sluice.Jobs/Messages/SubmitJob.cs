using System.Text.Json.Serialization;

namespace Sluice.Jobs.Messages;

/// <summary>
/// A job sent over the bus, to exchange <c>sluice.submit</c>; the tenant is the broker-validated user-id, never a member of the body.
/// What cannot be accepted is answered with <see cref="JobRejected"/>. Members carry their names, so that a producer's serializer writes them whatever its own naming is.
/// </summary>
public sealed record SubmitJob
{
    public const int CurrentVersion = 1;

    /// <summary>1. A higher one is refused.</summary>
    [JsonPropertyName("schema_version")]
    public int SchemaVersion { get; init; } = CurrentVersion;

    /// <summary>Chosen by the producer: the same key from the same tenant makes one job. Required, up to 255 characters.</summary>
    [JsonPropertyName("idempotency_key")]
    public string? IdempotencyKey { get; init; }

    [JsonPropertyName("job")]
    public JobRequest? Job { get; init; }
}

/// <summary>A job reached a terminal state. Published after the transaction that wrote it; thin on purpose.</summary>
public sealed record JobFinished
{
    [JsonPropertyName("schema_version")]
    public int SchemaVersion { get; init; } = SubmitJob.CurrentVersion;

    [JsonPropertyName("id")]
    public required JobId Id { get; init; }

    [JsonPropertyName("tenant")]
    public required string Tenant { get; init; }

    [JsonPropertyName("state")]
    public required JobState State { get; init; }

    [JsonPropertyName("custom_id")]
    public string? CustomId { get; init; }

    [JsonPropertyName("idempotency_key")]
    public string? IdempotencyKey { get; init; }

    [JsonPropertyName("finished_at")]
    public required DateTimeOffset FinishedAt { get; init; }

    [JsonPropertyName("error_code")]
    public string? ErrorCode { get; init; }
}

/// <summary>A submitted job was not accepted; nothing of it is stored.</summary>
public sealed record JobRejected
{
    [JsonPropertyName("schema_version")]
    public int SchemaVersion { get; init; } = SubmitJob.CurrentVersion;

    [JsonPropertyName("idempotency_key")]
    public string? IdempotencyKey { get; init; }

    [JsonPropertyName("tenant")]
    public string? Tenant { get; init; }

    /// <summary>When it would end, where it is rejected for that: <c>on_late</c> is <c>reject</c>, and that is after its deadline.</summary>
    [JsonPropertyName("eta")]
    public DateTimeOffset? Eta { get; init; }

    [JsonPropertyName("errors")]
    public required IReadOnlyList<FieldError> Errors { get; init; }
}
