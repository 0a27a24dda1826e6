namespace Sluice.Service.Inference;

/// <summary>How many jobs came while a step ran: taking them in has the engine's cores meanwhile. Jobs are added by any thread, steps told by one.</summary>
internal sealed class Arrivals(TimeProvider time)
{
    private int _came; // since the step before
    private long _before = time.GetTimestamp();

    public void Add(int jobs) => Interlocked.Add(ref _came, jobs);

    /// <summary>A step has ended that took <paramref name="step"/>: of the jobs since the step before, the share that came in it, since before it the engine may have had nothing to do.</summary>
    public double During(TimeSpan step)
    {
        long now = time.GetTimestamp();
        TimeSpan since = time.GetElapsedTime(_before, now);
        _before = now;
        int came = Interlocked.Exchange(ref _came, 0);
        return since <= step ? came : came * (step / since);
    }
}
