using System.Diagnostics.CodeAnalysis;
using Sluice.Jobs;

namespace Sluice.Batching.Waiting;

/// <summary>
/// Everything that waits, kept sorted: one lane per class, one for suspects and one for what is given up; across all lanes the jobs with a deadline by safe
/// start, and all by prefix. Adding, removing and re-keying cost a logarithm. Times are UTC ticks.
/// </summary>
internal sealed partial class Backlog
{
    private readonly FormerOptions _options;
    private readonly CostEstimate _cost;
    private readonly HashSet<Entry> _entries = new(new ById());
    private readonly HashSet<Entry>.AlternateLookup<JobId> _byId;
    private readonly Lane[] _classes = [new(), new(), new()];
    private readonly TenantShares[] _shares;
    private int _cursor;
    private long _added;

    public Backlog(FormerOptions options, CostEstimate cost)
    {
        _options = options;
        _cost = cost;
        _byId = _entries.GetAlternateLookup<JobId>();
        _shares = [new(options), new(options), new(options)];
    }

    public int Count => _entries.Count;

    public IEnumerable<Entry> All => _entries;

    /// <summary>The number that the next entry will have.</summary>
    public long NextNumber => _added;

    public Lane Suspects { get; } = new();

    /// <summary>Jobs with a deadline that are worth less than what the engine can do in time, the most worth first.</summary>
    public Lane Parked { get; } = new();

    /// <summary>All of them, and what ran lately.</summary>
    public PrefixTree Prefixes { get; } = new();

    /// <summary>Jobs picked for their prefix since one was picked in order.</summary>
    public int Passes { get; set; }

    /// <summary>Counts looks below prefixes.</summary>
    public long Looks { get; set; }

    /// <summary>Since when a batch smaller than a full engine's waits for more room; null when none does.</summary>
    public long? GatheringSince { get; set; }

    /// <summary>Jobs with a deadline to make, suspects included.</summary>
    public SafeStarts Dated { get; } = new();

    public Lane Of(JobClass @class) => _classes[(int)@class];

    public Entry? Find(JobId id) => _byId.TryGetValue(id, out Entry? entry) ? entry : null;

    /// <summary>The job as it was added.</summary>
    public static WaitingJob JobOf(Entry entry) => entry.MarkTokens == 0 ? entry.Job : entry.Job with { Chain = PrefixTree.ChainOf(entry) };

    public bool Add(WaitingJob job, long now)
    {
        if (_byId.TryGetValue(job.Id, out _)) return false;
        bool chained = !job.Chain.IsEmpty;
        TenantShare share = ShareOf(job);
        Entry entry = new(chained ? job with { Chain = default, Tenant = share.Tenant } : job, now, _added++) { MarkTokens = chained ? job.ChainTokens : 0, Share = share };
        _entries.Add(entry);
        ReadOnlySpan<long> key = job.PrefixKey == 0 ? [] : [job.PrefixKey];
        Prefixes.Add(entry, chained ? job.Chain.Span : key);
        _shares[(int)job.Class].Came(entry.Share);
        Reckon(entry);
        _demand.Advance(now);
        CountIn(entry);
        if (job.Class == JobClass.Interactive) _interactiveCame += entry.Work;
        Link(entry);
        return true;
    }

    public void Remove(Entry entry)
    {
        Unlink(entry);
        Prefixes.Remove(entry);
        _shares[(int)entry.Job.Class].Left(entry.Share);
        CountOut(entry);
        _entries.Remove(entry);
    }

    /// <summary>Takes out a job that is handed over; <paramref name="cached"/> tokens of its prompt are thought to be in pages already.</summary>
    public void Run(Entry entry, int cached)
    {
        Prefixes.Ran(entry, cached);
        _shares[(int)entry.Job.Class].Give(entry.Share, TokensOf(entry.Job));
        Remove(entry);
    }

    /// <summary>Its deadline is lost: it waits on as a job without one.</summary>
    public void RunLate(Entry entry)
    {
        Unlink(entry);
        CountOut(entry);
        entry.Late = true;
        entry.Risky = false;
        CountIn(entry);
        Link(entry);
    }

    /// <summary>Puts the entry into the lane that it belongs in by now.</summary>
    public void Relink(Entry entry)
    {
        Unlink(entry);
        Link(entry);
    }

    /// <summary>Recomputes the safe start and the risk of the next <paramref name="count"/> jobs with a deadline, so that the order follows what the estimate learns; hands them out.</summary>
    public List<Entry> Refresh(int count, long now)
    {
        // Chosen first: an entry that is linked anew moves, and another would be passed by.
        List<Entry> seen = [];
        for (int i = Math.Min(count, Dated.Count); i > 0; i--)
        {
            if (_cursor >= Dated.Count) _cursor = 0;
            seen.Add(Dated[_cursor++]);
        }
        foreach (Entry entry in seen)
        {
            Renew(entry);
            entry.Risky = entry.Risky && IsRisky(entry, now);
            if (Math.Abs(SafeStart(entry) - entry.SafeStart) > TimeSpan.TicksPerMillisecond || entry.Parked != (entry.Risky || IsParked(entry))) Relink(entry);
        }
        return seen;
    }

    /// <summary>Reckons a job anew with what the estimate has learned since; its place in the order stays.</summary>
    public void Renew(Entry entry)
    {
        double density = entry.Density, work = entry.Work;
        Reckon(entry);
        bool moved = _demand.Moved(entry.Slot) != _demand.SlotOf(DueOf(entry.Job));
        if (density == entry.Density && work == entry.Work && !moved) return;
        CountWork(entry, density, -work);
        CountIn(entry);
    }

    private TenantShare ShareOf(WaitingJob job) => _shares[(int)job.Class].Of(job.Tenant);

    private Lane LaneOf(Entry entry) => entry.Job.Suspicions > 0 ? Suspects : entry.Parked ? Parked : Of(entry.Job.Class);

    private void Link(Entry entry)
    {
        WaitingJob job = entry.Job;
        long patient = job.CreatedAt.UtcTicks + _options.Patience(job.Class).Ticks;
        entry.SafeStart = entry.Dated ? SafeStart(entry) : long.MaxValue;
        entry.Due = entry.Dated ? entry.SafeStart : Math.Max(patient, job.Deadline?.UtcTicks ?? 0);
        entry.Parked = IsParked(entry) || entry.Risky;
        if (entry.Parked) entry.Due = -(long)(entry.Density * 1000);
        LaneOf(entry).Add(entry);
        if (entry.Dated) Dated.Add(entry);
    }

    private void Unlink(Entry entry)
    {
        LaneOf(entry).Remove(entry);
        if (entry.Dated) Dated.Remove(entry);
    }

    private sealed class ById : IEqualityComparer<Entry>, IAlternateEqualityComparer<JobId, Entry>
    {
        public bool Equals(Entry? x, Entry? y) => ReferenceEquals(x, y);
        public int GetHashCode([DisallowNull] Entry entry) => entry.Job.Id.GetHashCode();
        public bool Equals(JobId id, Entry entry) => id == entry.Job.Id;
        public int GetHashCode(JobId id) => id.GetHashCode();
        public Entry Create(JobId id) => throw new NotSupportedException("An entry is more than its id.");
    }
}
