using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Notices a backlog that is just coming in after a quiet time: tickets come one after the other, and an engine that took the first of every prefix at once
/// would compute all prefixes side by side, to drop them and compute them again. It waits until the stream pauses, a fifth of a second at most, and only
/// while many come and none is in a hurry. May be called from any thread.
/// </summary>
internal sealed class Inflow(TimeProvider time)
{
    private const int Many = 32;
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(1), s_pause = TimeSpan.FromMilliseconds(20), s_longest = TimeSpan.FromMilliseconds(200), s_hurry = TimeSpan.FromSeconds(2);
    private readonly Lock _lock = new();
    private long? _began, _latest;
    private int _jobs;
    private bool _hurries;

    public void Add(IReadOnlyCollection<ReservedJob> jobs)
    {
        if (jobs.Count == 0)
        {
            return;
        }
        long now = time.GetTimestamp();
        lock (_lock)
        {
            if (_latest is not { } latest || time.GetElapsedTime(latest, now) > s_quiet)
            {
                (_began, _jobs, _hurries) = (now, 0, false);
            }
            _latest = now;
            _jobs += jobs.Count;
            _hurries |= jobs.Any(job => job.Class == JobClass.Interactive || job.Deadline - job.ReservedAt < s_hurry);
        }
    }

    /// <summary>How long to go on waiting; zero for not.</summary>
    public TimeSpan Left
    {
        get
        {
            lock (_lock)
            {
                if (_jobs < Many || _hurries || _began is not { } began || _latest is not { } latest)
                {
                    return TimeSpan.Zero;
                }
                long now = time.GetTimestamp();
                TimeSpan pause = s_pause - time.GetElapsedTime(latest, now), longest = s_longest - time.GetElapsedTime(began, now);
                return TimeSpan.FromTicks(Math.Max(0, Math.Min(pause.Ticks, longest.Ticks)));
            }
        }
    }
}
