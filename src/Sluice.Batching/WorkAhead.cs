using Sluice.Jobs;

namespace Sluice.Batching;

/// <summary>
/// The work that waits for all engines of a model together, by class and by when it is due: what a quote is made of where there is no former. May be called from
/// any thread.
/// </summary>
/// <param name="bounds">Ends of the spans of due times, ascending, from the moment of counting; work due after the last has a span of its own.</param>
/// <param name="rate">Seconds of work done a second; above 0.</param>
/// <param name="interactiveRate">Seconds of work a second that interactive jobs bring meanwhile.</param>
public sealed class WorkAhead(IReadOnlyList<TimeSpan> bounds, double rate, double interactiveRate)
{
    private const int Classes = 3;
    private readonly double[] _seconds = new double[Classes * (bounds.Count + 1)]; // (class, span)
    private readonly Lock _lock = new();

    /// <summary>Counts work that is due within the span of that number, 0 for the first.</summary>
    public void Add(JobClass @class, int span, double seconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(span, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(span, bounds.Count);
        lock (_lock) _seconds[(int)@class * (bounds.Count + 1) + span] += Math.Max(0, seconds);
    }

    /// <summary>Counts work that is due so long after the moment of counting.</summary>
    public void Add(JobClass @class, TimeSpan due, double seconds) => Add(@class, DueTimes.SpanOf(due, bounds), seconds);

    /// <summary>
    /// How long a job of that class and due time would wait, <paramref name="since"/> after the moment of counting: for all interactive work, and unless it is interactive
    /// itself for all that is due no later, within the width of a span. <paramref name="besides"/> is work, in seconds, that goes before it and is not counted here.
    /// </summary>
    public TimeSpan WaitOf(JobClass @class, TimeSpan due, TimeSpan since, double besides = 0)
    {
        int spans = bounds.Count + 1, last = DueTimes.SpanOf(due, bounds);
        double before = besides;
        lock (_lock)
        {
            for (int i = 0; i < _seconds.Length; i++)
            {
                bool interactive = i / spans == (int)JobClass.Interactive;
                if (interactive || (@class != JobClass.Interactive && i % spans <= last)) before += _seconds[i];
            }
        }
        before = Math.Max(0, before - rate * since.TotalSeconds);
        double mine = @class == JobClass.Interactive ? rate : Math.Max(rate / 4, rate - interactiveRate);
        return TimeSpan.FromSeconds(Math.Min(before / mine, TimeSpan.FromDays(3650).TotalSeconds));
    }
}
