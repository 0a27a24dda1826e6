using Sluice.Batching.Costs;
using Sluice.Jobs;

namespace Sluice.Batching.Simulation;

/// <summary>The former that the service runs, with its cost estimate, in a simulation.</summary>
internal sealed class FormerPolicy : ISimPolicy
{
    private readonly SimClock _clock = new();
    private readonly CostEstimate _cost = new();
    private readonly Former _former;
    private bool _stirred;
    private int _interactive; // that wait
    private double _decidedAt;
    private readonly Dictionary<int, (SimJob Job, WaitingJob Waiting)> _jobs = [];

    private readonly bool _knowsLengths;
    private readonly int _blockTokens;
    private readonly Func<SimJob, long> _workload;

    /// <param name="options">Null for the defaults.</param>
    /// <param name="knowsLengths">With hindsight: the former is told how long each answer will be.</param>
    /// <param name="learned">What an engine taught before; null to begin without.</param>
    /// <param name="blockTokens">Tokens of a block of a job's prefix.</param>
    /// <param name="workload">Which jobs' answers are of a kind; null: all.</param>
    public FormerPolicy(
        FormerOptions? options = null, bool knowsLengths = false, LearnedCosts? learned = null, int blockTokens = TraceFile.BlockTokens, Func<SimJob, long>? workload = null)
    {
        _blockTokens = blockTokens;
        _workload = workload ?? (static _ => 0);
        if (learned is not null) _cost.Restore(learned);
        _former = new(options ?? new(), _cost, _clock);
        _knowsLengths = knowsLengths;
        _cost.LengthsAreKnown = knowsLengths;
    }

    public int Waiting => _former.Count;

    public double LookAgainAt { get; private set; }

    /// <summary>What was quoted at arrival, by job index.</summary>
    public Dictionary<int, Quote> Quotes { get; } = [];

    public void Arrive(SimJob job, double now)
    {
        _clock.Seconds = now;
        WaitingJob waiting = new()
        {
            Id = IdOf(job),
            Tenant = job.Tenant,
            Class = job.Class,
            Deadline = SimClock.At(job.Deadline),
            PromptTokens = job.Prompt,
            MaxNewTokens = _knowsLengths ? job.Output : job.Max,
            PrefixKey = job.Chain.Length == 0 ? 0 : job.Chain[Math.Min(1, job.Chain.Length - 1)],
            Chain = job.Chain,
            ChainTokens = _blockTokens,
            Workload = _workload(job),
            CreatedAt = SimClock.At(job.Arrival),
        };
        _jobs.Add(job.Index, (job, waiting));
        Quotes.Add(job.Index, _former.Quote(waiting));
        _former.Add(waiting);
        if (job.Class == JobClass.Interactive) _interactive++;
        _stirred = true;
    }

    public void Decide(SimEngine engine, double now, List<SimJob> dropped)
    {
        _clock.Seconds = now;
        bool soon = _interactive > 0 && now >= LookAgainAt;
        bool asked = _stirred || soon || engine.Limits.LikeService;
        if (!asked && now < _decidedAt + 0.25 && engine.Last.Prefill >= engine.Limits.StepTokens - engine.Last.Decode) return;
        _stirred = false;
        _decidedAt = now;
        while (true)
        {
            FormerDecision decision = _former.Next(engine.Room());
            foreach (LeavingJob leaving in decision.Expired.Concat(decision.Impossible))
            {
                _jobs.Remove(IndexOf(leaving.Job), out (SimJob Job, WaitingJob Waiting) gone);
                if (gone.Job.Class == JobClass.Interactive) _interactive--;
                dropped.Add(gone.Job);
            }
            LookAgainAt = decision.LookAgainAt is { } at ? SimClock.Of(at) : double.PositiveInfinity;
            if (decision.Batch is not { } batch) return;
            foreach (WaitingJob job in batch.Jobs)
            {
                if (job.Class == JobClass.Interactive) _interactive--;
                engine.Hand(_jobs[IndexOf(job)].Job, (int)job.Class, job.Pages(SimLimits.PageTokens));
            }
        }
    }

    public void Stepped(SimEngine engine)
    {
        (int prefill, int decode, long kv, double seconds, int came) = engine.Last;
        _cost.ObserveStep(prefill, decode, kv, TimeSpan.FromSeconds(seconds), came);
    }

    public void Ended(SimRun run, double now)
    {
        _jobs.Remove(run.Job.Index, out (SimJob Job, WaitingJob Waiting) gone);
        _cost.Ended(gone.Waiting, run.Cached, run.Job.Output, TimeSpan.FromSeconds(now - run.StartedAt));
    }

    private static JobId IdOf(SimJob job) => new(new Guid(job.Index, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));

    private static int IndexOf(WaitingJob job) => BitConverter.ToInt32(job.Id.Value.ToByteArray(), 0);
}
