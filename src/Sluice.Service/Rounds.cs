namespace Sluice.Service;

/// <summary>Work that is done round after round, at a set pace.</summary>
internal static class Rounds
{
    /// <summary>
    /// A round with every tick until <paramref name="stop"/>. A round that fails is followed by the next; of failures in a row the first is told of, for an outage has many. Ends without an
    /// exception, whatever fails as it ends: a host that fails to start ends its services, too.
    /// </summary>
    /// <param name="every">From round to round; one that takes longer is followed by the next at once.</param>
    /// <param name="atOnce">The first round does not wait for the first tick.</param>
    /// <param name="round">One round.</param>
    /// <param name="failed">Told of a failure.</param>
    /// <param name="time">Whose ticks.</param>
    /// <param name="stop">The order to end, which a round heeds as well.</param>
    public static async Task RunAsync(TimeSpan every, bool atOnce, Func<CancellationToken, Task> round, Action<Exception> failed, TimeProvider time, CancellationToken stop)
    {
        using PeriodicTimer ticks = new(every, time);
        bool isTold = false;
        try
        {
            while (!stop.IsCancellationRequested && (atOnce || await ticks.WaitForNextTickAsync(stop)))
            {
                atOnce = false;
                try
                {
                    await round(stop);
                    isTold = false;
                }
                catch (Exception e) when (!stop.IsCancellationRequested)
                {
                    if (!isTold)
                    {
                        failed(e);
                    }
                    isTold = true;
                }
            }
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // told to stop
        }
    }
}
