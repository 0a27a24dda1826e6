namespace Sluice.Jobs;

/// <summary>When jobs are due, as formers, stores and quotes alike reckon it: by their deadline, or when patience with their class is over.</summary>
public static class DueTimes
{
    private const int Spans = 24;

    /// <summary>Ends of the spans of time that waiting work is counted by, from the moment of counting: each half as far again as the one before, from 10 s to 31 h.</summary>
    public static IReadOnlyList<TimeSpan> Bounds { get; } = [.. Enumerable.Range(0, Spans).Select(i => TimeSpan.FromSeconds(Math.Round(10 * Math.Pow(1.5, i))))];

    /// <summary>A job without a deadline counts as due so long after its acceptance.</summary>
    public static TimeSpan Patience(JobClass @class) => @class switch
    {
        JobClass.Interactive => TimeSpan.FromSeconds(2),
        JobClass.Standard => TimeSpan.FromMinutes(5),
        _ => TimeSpan.FromHours(1),
    };

    /// <summary>The number of the span, from 0, that a time so far away is in: as many as there are bounds where it is after all.</summary>
    public static int SpanOf(TimeSpan due, IReadOnlyList<TimeSpan> bounds)
    {
        ArgumentNullException.ThrowIfNull(bounds);
        int span = 0;
        while (span < bounds.Count && due >= bounds[span])
            span++;
        return span;
    }
}
