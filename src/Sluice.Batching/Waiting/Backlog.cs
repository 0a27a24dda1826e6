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
    private readonly Demand _demand = new();
    private const double RateMemory = 120; // seconds
    private long _weighedAt = long.MinValue;
    private long _weighedBefore;
    private double _interactiveWaits; // seconds of work
    private double _undatedWork; // seconds of work of jobs without a deadline to make
    private double _interactiveCame; // seconds of work since the last weighing
    private double _interactiveRate; // seconds of work a second
    private static readonly long _weighEvery = TimeSpan.FromSeconds(1).Ticks;
    private int _cursor;
    private long _added;

    public int Count => _byId.Count;

    /// <summary>The number that the next entry will have.</summary>
    public long NextNumber => _added;

    /// <summary>Jobs that may run beside any other.</summary>
    public int Unsuspected => Count - Suspects.Count;

    public Lane Suspects { get; } = new();

    /// <summary>Jobs with a deadline that are worth less than what the engine can do in time, the most worth first.</summary>
    public Lane Parked { get; } = new();

    public Families Families { get; } = new();

    /// <summary>Jobs picked for their prefix since one was picked in order.</summary>
    public int Passes { get; set; }

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
        Reckon(entry);
        _demand.Begin(now);
        if (entry.Dated) _demand.Add(DeadlineOf(entry), entry.Density, entry.Work);
        if (job.Class == JobClass.Interactive) _interactiveCame += entry.Work;
        Link(entry);
        Families.Add(entry);
        return true;
    }

    public void Remove(Entry entry)
    {
        Unlink(entry);
        Families.Remove(entry);
        if (entry.Dated) _demand.Remove(DeadlineOf(entry), entry.Density, entry.Work);
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
        if (entry.Dated) _demand.Remove(DeadlineOf(entry), entry.Density, entry.Work);
        entry.Job = job;
        entry.Late = false;
        Reckon(entry);
        if (entry.Dated) _demand.Add(DeadlineOf(entry), entry.Density, entry.Work);
        Link(entry);
    }

    /// <summary>Weighs again, now and then, what can be done against what there is to do.</summary>
    public void Weigh(long now)
    {
        if (now < _weighedAt + _weighEvery) return;
        _weighedAt = now;
        double seconds = (now - Math.Max(_weighedBefore, 0)) / (double)TimeSpan.TicksPerSecond;
        if (_weighedBefore > 0) _interactiveRate += (1 - Math.Exp(-seconds / RateMemory)) * (_interactiveCame / seconds - _interactiveRate);
        _weighedBefore = now;
        _interactiveCame = 0;
        double rate = cost.Efficiency * options.Confidence;
        _demand.Weigh(now, Math.Max(rate / 4, rate - _interactiveRate));
    }

    /// <summary>Its deadline is lost: it waits on as a job without one.</summary>
    public void RunLate(Entry entry)
    {
        Unlink(entry);
        _demand.Remove(DeadlineOf(entry), entry.Density, entry.Work);
        entry.Late = true;
        Link(entry);
    }

    /// <summary>How long a job that came now would wait: the work that goes before it, and what interactive jobs bring meanwhile.</summary>
    public TimeSpan WaitOf(WaitingJob job, long now)
    {
        double rate = Math.Max(cost.Efficiency / 4, cost.Efficiency - (job.Class == JobClass.Interactive ? 0 : _interactiveRate));
        long due = job.Deadline?.UtcTicks ?? job.CreatedAt.UtcTicks + options.Patience(job.Class).Ticks;
        double work = job.Class == JobClass.Interactive ? _interactiveWaits : _demand.UpTo(due, now) + _undatedWork;
        return TimeSpan.FromSeconds(Math.Max(0, work) / rate);
    }

    /// <summary>What waits, in sums, and how fast it goes. Looks at every job: for once a second.</summary>
    public BacklogReport Report()
    {
        double[] work = new double[3];
        int[] jobs = new int[3];
        foreach (Entry entry in _byId.Values)
        {
            work[(int)entry.Job.Class] += entry.Work;
            jobs[(int)entry.Job.Class]++;
        }
        return new() { Rate = cost.Efficiency, InteractiveRate = Math.Max(0, _interactiveRate), Work = work, Jobs = jobs };
    }

    /// <summary>Puts the entry into the lane that it belongs in by now.</summary>
    public void Relink(Entry entry)
    {
        Unlink(entry);
        Link(entry);
    }

    /// <summary>True where the entry stands among those that can be done in time, and no longer can.</summary>
    public bool IsOverdue(Entry entry, long now) => !entry.Parked && (IsParked(entry) || IsRisky(entry, now));

    /// <summary>True where the job, begun now, would more likely than not burn compute for nothing.</summary>
    public bool IsRisky(Entry entry, long now) =>
        entry.Dated && _demand.Exceeds && entry.SafeStart < now
        && cost.Chance(entry.Job, (DeadlineOf(entry) - now) / (double)TimeSpan.TicksPerSecond) < (entry.Job.Class == JobClass.Interactive ? options.LeastInteractiveChance : options.LeastChance);

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
            double density = entry.Density, work = entry.Work;
            Reckon(entry);
            if (density != entry.Density || work != entry.Work)
            {
                _demand.Remove(DeadlineOf(entry), density, work);
                _demand.Add(DeadlineOf(entry), entry.Density, entry.Work);
            }
            long safe = SafeStart(entry);
            if (Math.Abs(safe - entry.SafeStart) > TimeSpan.TicksPerMillisecond || entry.Parked != (entry.Risky || IsParked(entry)))
            {
                Unlink(entry);
                Link(entry);
            }
            yield return entry;
        }
    }

    private Lane LaneOf(Entry entry) => entry.Job.Suspicions > 0 ? Suspects : entry.Parked ? Parked : Of(entry.Job.Class);

    private bool IsParked(Entry entry) => entry.Dated && entry.Job.Suspicions == 0 && entry.Job.Class != JobClass.Interactive && _demand.GivesUp(DeadlineOf(entry), entry.Density, entry.Number);

    private static long DeadlineOf(Entry entry) => entry.Job.Deadline!.Value.UtcTicks;

    private void Reckon(Entry entry)
    {
        WaitingJob job = entry.Job;
        if (cost.LikelyNewTokens(job) is var likely && likely != job.LikelyNewTokens && likely is not null) entry.Job = job = job with { LikelyNewTokens = likely };
        entry.Work = Math.Max(cost.Work(job, 0), 1e-6);
        entry.Density = options.Weight(job.Class) * (job.PromptTokens + (likely ?? job.MaxNewTokens)) / entry.Work;
    }

    private long SafeStart(Entry entry) => entry.Job.Deadline!.Value.UtcTicks - cost.Predict(entry.Job).Safe.Ticks;

    private void Link(Entry entry)
    {
        WaitingJob job = entry.Job;
        long patient = job.CreatedAt.UtcTicks + options.Patience(job.Class).Ticks;
        entry.SafeStart = entry.Dated ? SafeStart(entry) : long.MaxValue;
        entry.Due = entry.Dated ? entry.SafeStart : Math.Max(patient, job.Deadline?.UtcTicks ?? 0);
        entry.Counted = entry.Work;
        if (entry.Job.Class == JobClass.Interactive) _interactiveWaits += entry.Counted;
        if (!entry.Dated) _undatedWork += entry.Counted;
        entry.Parked = IsParked(entry) || entry.Risky;
        if (entry.Parked) entry.Due = -(long)(entry.Density * 1000);
        LaneOf(entry).Add(entry);
        if (entry.Dated) Dated.Add(entry);
    }

    private void Unlink(Entry entry)
    {
        if (entry.Job.Class == JobClass.Interactive) _interactiveWaits -= entry.Counted;
        if (!entry.Dated) _undatedWork -= entry.Counted;
        LaneOf(entry).Remove(entry);
        if (entry.Dated) Dated.Remove(entry);
    }
}
