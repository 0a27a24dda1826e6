namespace Sluice.Batching.Simulation;

/// <summary>
/// Continuous batching as the engine's planner does it, with the cost model in the model's place: running sequences decode, prompts are computed in chunks
/// with what the step has left, a job whose prefix is just being computed waits for it, whoever came last gives way when pages run out.
/// </summary>
/// <remarks>What decodes is kept as sums, so that a step costs what changes in it and not what runs.</remarks>
internal sealed partial class SimEngine(SimLimits limits)
{
    private readonly SimCache _cache = new(limits.Pages, limits.BlockPages);
    private readonly List<SimRun> _waiting = []; // by rank and order
    private readonly List<SimRun> _prefilling = []; // by rank and order
    private readonly List<SimRun> _all = []; // started
    private readonly PriorityQueue<SimRun, long> _ends = new();
    private readonly int[] _crossing = new int[SimLimits.PageTokens]; // decoding runs by the step, modulo a page, at which they need their next page
    private long _orders;
    private int _decoding;
    private long _decodeContext; // positions of all that decodes
    private int _promised;
    private readonly List<SimRun> _unheard = []; // ended with the last step
    private int _budget; // prompt tokens that the step can still take

    public SimLimits Limits => limits;
    public SimCache Cache => _cache;
    public long Steps { get; private set; }
    public long PrefillTokens { get; private set; }
    public long SavedTokens { get; private set; }
    public long Preemptions { get; private set; }
    public bool Idle => _waiting.Count + _all.Count == 0;
    public int Running => _waiting.Count + _all.Count + _unheard.Count;

    /// <summary>What the last step held.</summary>
    public (int Prefill, int Decode, long Kv, double Seconds, int Came) Last { get; private set; }

    public void Hand(SimJob job, int rank, int promise)
    {
        SimRun run = new(job, rank, _orders++, promise);
        _promised += promise;
        Insert(_waiting, run);
    }

    /// <summary>Makes a step that begins now; returns its seconds. Finished runs are added to the list.</summary>
    public double Step(double now, List<SimRun> finished)
    {
        Steps++;
        Hear();
        GrowDecoding();
        _budget = Math.Max(limits.StepTokens - _decoding, limits.StepTokens / 8);
        long kv = _decodeContext;
        int before = _budget;
        while (_waiting.Count > 0 && _waiting[0].Rank == 0 && TryStartNext(0) is not null)
        {
        }
        for (int i = 0; i < _prefilling.Count && _budget > 0; i++) kv += Prefill(_prefilling[i], now);
        while (_budget > 0 && TryStartNext(int.MaxValue) is { } run) kv += Prefill(run, now);
        int prefill = before - _budget;
        int decoding = _decoding;
        _decodeContext += decoding;
        Settle(finished);
        PrefillTokens += prefill;
        Last = (prefill, decoding, kv, limits.Costs.Of(prefill, decoding, kv), 0);
        return Last.Seconds;
    }

    /// <summary>A job has come while the last step ran: whoever took it in was in its way. Returns the step's seconds now.</summary>
    public double Delay()
    {
        Last = Last with { Seconds = Last.Seconds + limits.Costs.Arrival, Came = Last.Came + 1 };
        return Last.Seconds;
    }

    /// <summary>Prompts that end decode from the next step on; who has generated all ends.</summary>
    private void Settle(List<SimRun> finished)
    {
        for (int i = 0; i < _prefilling.Count; i++)
        {
            SimRun run = _prefilling[i];
            for (int b = run.Held - 1; b >= 0 && _cache.Find(run.Job.Blocks[b]) is { Computed: false } block; b--)
            {
                if (run.Computed >= (b + 1) * limits.BlockTokens) block.Computed = true;
            }
            if (run.Computed < run.Known) continue;
            _prefilling.RemoveAt(i--);
            Decode(run);
        }
        while (_ends.TryPeek(out SimRun? run, out long step) && step <= Steps)
        {
            _ends.Dequeue();
            if (!run.Decoding || run.FinishStep != step) continue;
            Leave(run, Steps, grown: 0);
            finished.Add(run);
            _unheard.Add(run);
        }
        if (!limits.LikeService || Idle) Hear();
    }

    private void Hear()
    {
        foreach (SimRun run in _unheard) _promised -= run.Promise;
        _unheard.Clear();
    }

    private void Decode(SimRun run)
    {
        run.Generated++; // the end of a prompt gives the next token
        run.Decoding = true;
        run.DecodeFrom = Steps;
        run.FinishStep = Steps + Math.Max(0, run.Job.Output - run.Generated);
        _ends.Enqueue(run, run.FinishStep);
        _decoding++;
        _decodeContext += run.Known;
        _crossing[Crossing(run)]++;
    }

    // A prompt of k positions decodes position k + j - 1 at its j-th step, and Known is k + 1.
    private static int Crossing(SimRun run) => (int)((run.DecodeFrom - run.Known + 2 + (1L << 40)) % SimLimits.PageTokens);

    private void GrowDecoding()
    {
        while (_crossing[Steps % SimLimits.PageTokens] is var need && need > 0)
        {
            if (_cache.Available >= need)
            {
                _cache.TakePages(need);
                return;
            }
            Preempt(_all.MaxBy(r => (r.Rank, r.Order))!, grown: 0);
        }
    }

    /// <summary>Takes a run out before it decodes at this step; <paramref name="grown"/> is 1 where its position of this step has its page already.</summary>
    private void Preempt(SimRun run, int grown)
    {
        Leave(run, Steps - 1, grown);
        run.Computed = 0;
        Insert(_waiting, run);
        Preemptions++;
    }

    /// <summary>Takes a started run out and gives back its pages.</summary>
    private void Leave(SimRun run, long lastStep, int grown)
    {
        int own = run.OwnPages;
        if (run.Decoding)
        {
            int steps = (int)(lastStep - run.DecodeFrom);
            int last = run.Known + steps;
            own = PagesOf(last - 1 + grown) - run.Job.Blocks.Length * limits.BlockPages;
            _decoding--;
            _decodeContext -= last;
            _crossing[Crossing(run)]--;
            run.Generated += steps;
            run.Decoding = false;
        }
        else
        {
            _prefilling.Remove(run);
        }
        _cache.GivePages(own);
        for (int i = run.Held - 1; i >= 0; i--) _cache.Release(_cache.Find(run.Job.Blocks[i])!);
        run.Held = 0;
        _all.Remove(run);
    }

    private long Prefill(SimRun run, double now)
    {
        if (run.StartedAt < 0) run.StartedAt = now;
        int rows = Math.Min(_budget, run.Known - run.Computed);
        _budget -= rows;
        long kv = (long)rows * run.Computed + (long)rows * (rows + 1) / 2;
        run.Computed += rows;
        run.Prefilled += rows;
        return kv;
    }

    private static int PagesOf(int tokens) => (tokens + SimLimits.PageTokens - 1) / SimLimits.PageTokens;

    private static void Insert(List<SimRun> list, SimRun run)
    {
        int at = list.Count;
        while (at > 0 && (list[at - 1].Rank, list[at - 1].Order).CompareTo((run.Rank, run.Order)) > 0) at--;
        list.Insert(at, run);
    }
}
