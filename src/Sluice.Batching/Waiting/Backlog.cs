using Sluice.Jobs;

namespace Sluice.Batching.Waiting;

/// <summary>
/// Everything that waits, kept sorted: one lane per class and one for suspects, and across all lanes the jobs with a deadline by safe start.
/// Adding, removing and re-keying cost a logarithm. Times are UTC ticks.
/// </summary>
internal sealed class Backlog(FormerOptions options, CostEstimate cost)
{
    private readonly Dictionary<JobId, Entry> _byId = [];
    private readonly List<Entry> _round = [];
    private readonly Lane[] _classes = [new(), new(), new()];
    private int _cursor;
    private long _added;

    public int Count => _byId.Count;

    /// <summary>Jobs that may run beside any other.</summary>
    public int Unsuspected => Count - Suspects.Count;

    public Lane Suspects { get; } = new();

    /// <summary>Jobs with a deadline to make, earliest safe start first, suspects included.</summary>
    public SortedSet<Entry> Dated { get; } = new(Entry.BySafeStart);

    public Lane Of(JobClass @class) => _classes[(int)@class];

    public Entry? Find(JobId id) => _byId.GetValueOrDefault(id);

    public bool Add(WaitingJob job, long now)
    {
        Entry entry = new(job, now, _added++);
        if (!_byId.TryAdd(job.Id, entry)) return false;
        entry.Slot = _round.Count;
        _round.Add(entry);
        Link(entry);
        return true;
    }

    public void Remove(Entry entry)
    {
        Unlink(entry);
        _byId.Remove(entry.Job.Id);
        Entry last = _round[^1];
        _round[entry.Slot] = last;
        last.Slot = entry.Slot;
        _round.RemoveAt(_round.Count - 1);
    }

    /// <summary>Puts a waiting job's new class or deadline into effect.</summary>
    public void Replace(Entry entry, WaitingJob job)
    {
        Unlink(entry);
        entry.Job = job;
        entry.Late = false;
        Link(entry);
    }

    /// <summary>Its deadline is lost: it waits on as a job without one.</summary>
    public void RunLate(Entry entry)
    {
        Unlink(entry);
        entry.Late = true;
        Link(entry);
    }

    /// <summary>True when even the expected time does not fit before the deadline any more.</summary>
    public bool CannotMakeIt(Entry entry, long now) =>
        entry.Dated && now + cost.Predict(entry.Job).Expected.Ticks > entry.Job.Deadline!.Value.UtcTicks;

    /// <summary>Last moment at which the expected time fits before the deadline.</summary>
    public long LastStart(Entry entry) => entry.Job.Deadline!.Value.UtcTicks - cost.Predict(entry.Job).Expected.Ticks;

    /// <summary>Recomputes the safe start of the next <paramref name="count"/> jobs of the round, so that the order follows what the estimate learns; hands them out.</summary>
    public IEnumerable<Entry> Refresh(int count)
    {
        for (int i = Math.Min(count, _round.Count); i > 0; i--)
        {
            if (_cursor >= _round.Count) _cursor = 0;
            Entry entry = _round[_cursor++];
            if (!entry.Dated) continue;
            long safe = SafeStart(entry);
            if (Math.Abs(safe - entry.SafeStart) > TimeSpan.TicksPerMillisecond)
            {
                Unlink(entry);
                Link(entry);
            }
            yield return entry;
        }
    }

    private Lane LaneOf(Entry entry) => entry.Job.Suspicions > 0 ? Suspects : Of(entry.Job.Class);

    private long SafeStart(Entry entry) => entry.Job.Deadline!.Value.UtcTicks - cost.Predict(entry.Job).Safe.Ticks;

    private void Link(Entry entry)
    {
        WaitingJob job = entry.Job;
        long patient = job.CreatedAt.UtcTicks + options.Patience(job.Class).Ticks;
        entry.SafeStart = entry.Dated ? SafeStart(entry) : long.MaxValue;
        entry.Due = entry.Dated ? entry.SafeStart : Math.Max(patient, job.Deadline?.UtcTicks ?? 0);
        LaneOf(entry).Add(entry);
        if (entry.Dated) Dated.Add(entry);
    }

    private void Unlink(Entry entry)
    {
        LaneOf(entry).Remove(entry);
        if (entry.Dated) Dated.Remove(entry);
    }
}
