using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>The body of <c>POST /v1/schedules</c>, and of <c>PUT</c>.</summary>
internal sealed record ScheduleRequest
{
    /// <summary>1 to 64 letters, digits, <c>._-</c>; unique per tenant. Required.</summary>
    public string? Name { get; init; }

    /// <summary>Six or seven fields, seconds first: <c>0 30 2 * * ?</c>. Required.</summary>
    public string? Cron { get; init; }

    /// <summary>IANA name; <c>UTC</c>.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Where rows come from. Required.</summary>
    public SourceSpec? Source { get; init; }

    /// <summary>A job with fields of the row in its prompt or messages, <c>{{subject}}</c>; neither deadline nor ttl. Required.</summary>
    public JobRequest? Request { get; init; }

    /// <summary>Where answers go; <c>{"type":"results"}</c>.</summary>
    public SinkSpec? Sink { get; init; }

    /// <summary>Finish by this time of day in the zone, <c>06:00</c> or <c>06:00:00</c>. Not together with <see cref="FinishWithin"/>.</summary>
    public string? FinishBy { get; init; }

    /// <summary>Finish within so many seconds of the scheduled time.</summary>
    public double? FinishWithin { get; init; }

    /// <summary><c>skip</c> (default), <c>queue</c> or <c>cancel_older</c>.</summary>
    public string? Overlap { get; init; }

    /// <summary><c>fire_once</c> (default) or <c>skip</c>.</summary>
    public string? Misfire { get; init; }

    /// <summary>Made, but not yet watched.</summary>
    public bool? Paused { get; init; }

    /// <summary>PUT only: the version that is replaced; whichever it is where absent.</summary>
    public int? Version { get; init; }
}

/// <summary>Names on the wire.</summary>
internal static class ScheduleNames
{
    public static readonly IReadOnlyList<string> Overlaps = ["skip", "queue", "cancel_older"];
    public static readonly IReadOnlyList<string> Misfires = ["fire_once", "skip"];

    public static string Of(OverlapPolicy policy) => Overlaps[(int)policy];

    public static string Of(MisfirePolicy policy) => Misfires[(int)policy];

    public static string Of(FiringState state) => state.ToString().ToLowerInvariant();
}
