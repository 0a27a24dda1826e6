using Sluice.Jobs;

namespace Sluice.Service.Intake;

/// <summary>What comes with a request but is not of it.</summary>
internal sealed record SubmitOptions
{
    public static readonly SubmitOptions None = new();

    /// <summary>1 to 255 printable ASCII characters, unique per tenant; null for none.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>W3C trace context that the request came with; the current activity's goes before it.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The finished job that this one repeats.</summary>
    public JobId? RetryOf { get; init; }
    public Guid? Submission { get; init; }
    public string? CustomId { get; init; }

    /// <summary>The id to give the job, where the caller already watches for its end; null for a fresh one.</summary>
    public JobId? Id { get; init; }
}
