using System.Diagnostics;

namespace Sluice.Service.Telemetry;

/// <summary>Spans of a job's way, all of source <c>Sluice</c>. A job carries its trace as a W3C <c>traceparent</c> through store and bus.</summary>
internal static class SluiceActivity
{
    public const string SourceName = "Sluice";

    public static readonly ActivitySource Source = new(SourceName);

    /// <summary>The current activity's <c>traceparent</c>, or null outside any.</summary>
    public static string? CurrentTraceParent => Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null;

    /// <summary>A span whose parent is a stored <c>traceparent</c>; a root where that is null or broken. Null when nobody listens.</summary>
    public static Activity? Start(string name, string? traceParent, ActivityKind kind = ActivityKind.Internal) =>
        Source.HasListeners() ? Source.StartActivity(name, kind, Parse(traceParent)) : null;

    /// <summary>
    /// A span that serves many jobs (a batch, a bulk transaction): linked to each job's trace, child of none. Null when nobody listens.
    /// At most <paramref name="maxLinks"/> links are kept.
    /// </summary>
    public static Activity? StartLinked(string name, IEnumerable<string?> traceParents, int maxLinks = 128)
    {
        if (!Source.HasListeners())
        {
            return null;
        }
        List<ActivityLink> links = [.. traceParents.Select(Parse).Where(context => context != default).Take(maxLinks).Select(context => new ActivityLink(context))];
        return Source.StartActivity(name, ActivityKind.Internal, parentContext: default, links: links);
    }

    /// <summary>A <c>traceparent</c> as it was sent, or null where it is none: what a stranger sends is not stored unread.</summary>
    public static string? Read(string? traceParent) => Parse(traceParent) == default ? null : traceParent;

    private static ActivityContext Parse(string? traceParent) => ActivityContext.TryParse(traceParent, traceState: null, isRemote: true, out ActivityContext context) ? context : default;
}
