using Sluice.Jobs;

namespace Sluice.Service.Telemetry;

/// <summary>Label values: the names that callers see on the wire, without an allocation per record.</summary>
internal static class MetricLabels
{
    public static string Label(this JobState state) => state switch
    {
        JobState.Queued => "queued",
        JobState.Running => "running",
        JobState.Succeeded => "succeeded",
        JobState.Failed => "failed",
        JobState.Expired => "expired",
        JobState.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Not a job state."),
    };

    public static string Label(this JobClass jobClass) => jobClass switch
    {
        JobClass.Interactive => "interactive",
        JobClass.Standard => "standard",
        JobClass.Bulk => "bulk",
        _ => throw new ArgumentOutOfRangeException(nameof(jobClass), jobClass, "Not a job class."),
    };

    public static string Label(this JobKind kind) => kind switch
    {
        JobKind.Generate => "generate",
        JobKind.Score => "score",
        JobKind.Embed => "embed",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a job kind."),
    };
}
