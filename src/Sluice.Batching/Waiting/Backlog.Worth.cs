using Sluice.Jobs;

namespace Sluice.Batching.Waiting;

/// <summary>What waits against what can be done: work, worth, and what to give up.</summary>
internal sealed partial class Backlog
{
    private const double RateMemory = 120; // seconds
    private static readonly long _weighEvery = TimeSpan.FromSeconds(1).Ticks;
    private readonly Demand _demand = new();
    private long _weighedAt = long.MinValue;
    private long _weighedBefore;
    private double _interactiveWaits; // seconds of work
    private double _interactiveCame; // seconds of work since the last weighing
    private double _interactiveRate; // seconds of work a second

    /// <summary>Weighs again: who has had what at every decision, what can be done against what there is to do now and then.</summary>
    public void Weigh(long now, EngineRoom room)
    {
        foreach (TenantShares shares in _shares) shares.Weigh((double)room.TotalPages * room.PageTokens);
        if (now < _weighedAt + _weighEvery) return;
        _weighedAt = now;
        double seconds = (now - Math.Max(_weighedBefore, 0)) / (double)TimeSpan.TicksPerSecond;
        if (_weighedBefore > 0) _interactiveRate += (1 - Math.Exp(-seconds / RateMemory)) * (_interactiveCame / seconds - _interactiveRate);
        _weighedBefore = now;
        _interactiveCame = 0;
        double rate = _cost.Efficiency * _options.Confidence;
        _demand.Weigh(now, Math.Max(rate / 4, rate - _interactiveRate));
    }

    /// <summary>A tenant whose standard or bulk jobs wait has had more than its share.</summary>
    public bool AnyAhead => _shares[(int)JobClass.Standard].AnyAhead || _shares[(int)JobClass.Bulk].AnyAhead;

    /// <summary>How long a job that came now would wait, by the reckoning of <see cref="WorkAhead"/>: for all interactive work and what is due no later, and for what interactive jobs bring meanwhile.</summary>
    public TimeSpan WaitOf(WaitingJob job, long now)
    {
        _demand.Advance(now);
        double rate = Math.Max(_cost.Efficiency / 4, _cost.Efficiency - (job.Class == JobClass.Interactive ? 0 : _interactiveRate));
        double work = _interactiveWaits + (job.Class == JobClass.Interactive ? 0 : _demand.LesserUpTo(DueOf(job)));
        return TimeSpan.FromSeconds(Math.Max(0, work) / rate);
    }

    /// <summary>What waits, in sums, and how fast it goes. Looks at every job: for once a second.</summary>
    public BacklogReport Report()
    {
        double[] work = new double[3];
        int[] jobs = new int[3];
        foreach (Entry entry in _entries)
        {
            if (!entry.Dated) Renew(entry);
            work[(int)entry.Job.Class] += entry.Work;
            jobs[(int)entry.Job.Class]++;
        }
        return new() { Rate = _cost.Efficiency, InteractiveRate = Math.Max(0, _interactiveRate), Work = work, Jobs = jobs };
    }

    /// <summary>True where the entry stands among those that can be done in time, and no longer can.</summary>
    public bool IsOverdue(Entry entry, long now) => !entry.Parked && (IsParked(entry) || IsRisky(entry, now));

    /// <summary>True where the job, begun now, would more likely than not burn compute for nothing.</summary>
    public bool IsRisky(Entry entry, long now) =>
        entry.Dated && _demand.Exceeds && entry.SafeStart < now
        && _cost.Chance(entry.Job, (DeadlineOf(entry) - now) / (double)TimeSpan.TicksPerSecond) < (entry.Job.Class == JobClass.Interactive ? _options.LeastInteractiveChance : _options.LeastChance);

    /// <summary>
    /// Tokens of its prompt that need no computing. None while there is more to do than can be done: what is late then is better off the queue than begun for the sake of its pages.
    /// </summary>
    public int Spared(Entry entry) => _demand.Exceeds ? 0 : Prefixes.Cached(entry);

    /// <summary>True when even the expected time does not fit before the deadline any more.</summary>
    public bool CannotMakeIt(Entry entry, long now) => entry.Dated && now > LastStart(entry);

    /// <summary>Last moment at which the expected time fits before the deadline.</summary>
    public long LastStart(Entry entry) => DeadlineOf(entry) - _cost.Predict(entry.Job, Spared(entry)).Expected.Ticks;

    private bool IsParked(Entry entry) =>
        entry.Dated && entry.Job.Suspicions == 0 && entry.Job.Class != JobClass.Interactive && _demand.GivesUp(DeadlineOf(entry), entry.Density, entry.Number);

    private void CountIn(Entry entry)
    {
        entry.Slot = _demand.SlotOf(DueOf(entry.Job));
        CountWork(entry, entry.Density, entry.Work);
    }

    private void CountOut(Entry entry) => CountWork(entry, entry.Density, -entry.Work);

    private void CountWork(Entry entry, double density, double work)
    {
        if (entry.Job.Class == JobClass.Interactive) _interactiveWaits += work;
        else _demand.AddLesser(entry.Slot, work);
        if (entry.Dated) _demand.Add(entry.Slot, density, work);
    }

    /// <summary>When a job is due: by its deadline, or as soon as patience with its class is over.</summary>
    private long DueOf(WaitingJob job) => job.Deadline?.UtcTicks ?? job.CreatedAt.UtcTicks + _options.Patience(job.Class).Ticks;

    private static long DeadlineOf(Entry entry) => entry.Job.Deadline!.Value.UtcTicks;

    private static int TokensOf(WaitingJob job) => job.PromptTokens + (job.LikelyNewTokens ?? job.MaxNewTokens);

    private long SafeStart(Entry entry) => DeadlineOf(entry) - _cost.Predict(entry.Job).Safe.Ticks;

    private void Reckon(Entry entry)
    {
        WaitingJob job = entry.Job;
        if (_cost.LikelyNewTokens(job) is { } likely && likely != job.LikelyNewTokens) entry.Job = job = job with { LikelyNewTokens = likely };
        entry.Work = Math.Max(_cost.Work(job, 0), 1e-6);
        entry.Density = _options.Weight(job.Class) * entry.Share.Favour(_options.Fairness) * TokensOf(job) / entry.Work;
    }
}
