using System.Text.Json.Serialization;
using MassTransit;
using Sluice.Jobs;

namespace Sluice.Service.Queue;

/// <summary>Says that a job, or several of one model and class, can run. May be lost or doubled without harm: the store decides who gets the job.</summary>
[MessageUrn("Sluice:Ticket")]
internal sealed record Ticket
{
    [JsonPropertyName("job_id")]
    public required JobId JobId { get; init; }

    /// <summary>All jobs of a ticket for several; absent where it is for <see cref="JobId"/> alone.</summary>
    [JsonPropertyName("job_ids"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<JobId>? JobIds { get; init; }

    [JsonPropertyName("model")]
    public required string Model { get; init; }

    [JsonPropertyName("class")]
    public required JobClass Class { get; init; }

    /// <summary>The earliest of its jobs.</summary>
    [JsonPropertyName("deadline")]
    public DateTimeOffset? Deadline { get; init; }

    [JsonPropertyName("prefix_key")]
    public required long PrefixKey { get; init; }

    /// <summary>W3C trace context of the request that brought the job.</summary>
    [JsonPropertyName("traceparent")]
    public string? TraceParent { get; init; }
}
