namespace Sluice.Batching.Simulation;

/// <summary>Starting runs, and what room is left.</summary>
internal sealed partial class SimEngine
{
    /// <summary>Room as a worker's ledger sees it: promises counted in full, what several share counted once.</summary>
    public EngineRoom Room()
    {
        int prefill = 0;
        int firstPrefill = 0, first = 0, firstPages = 0;
        foreach (SimRun run in _prefilling) Count(run, run.Known - run.Computed);
        foreach (SimRun run in _waiting) Count(run, run.Known - _cache.Match(run.Job.Blocks, promised: true) * limits.BlockTokens);
        foreach (SimRun run in _all) CountFirst(run);
        foreach (SimRun run in _waiting) CountFirst(run);
        foreach (SimRun run in _unheard) CountFirst(run);
        return new()
        {
            MaxSequences = limits.Sequences,
            MaxStepTokens = limits.StepTokens,
            TotalPages = limits.Pages,
            PageTokens = SimLimits.PageTokens,
            Running = Running,
            FreeSequences = Math.Max(0, limits.Sequences - Running),
            FreePages = Math.Max(0, limits.Pages - _promised + _cache.Duplicates),
            FreeStepTokens = Math.Max(0, limits.StepTokens - _decoding - prefill),
            InteractiveSequences = limits.Sequences - first,
            InteractivePages = Math.Max(0, limits.Pages - firstPages),
            InteractiveStepTokens = Math.Max(0, limits.StepTokens - first - firstPrefill),
        };

        void Count(SimRun run, int rows)
        {
            prefill += rows;
            if (run.Rank == 0) firstPrefill += rows;
        }

        void CountFirst(SimRun run)
        {
            if (run.Rank > 0) return;
            first++;
            firstPages += run.Promise;
        }
    }

    /// <summary>Starts the first waiting run of at most that rank which need not wait for a prefix; null where its room cannot be had.</summary>
    private SimRun? TryStartNext(int rank)
    {
        for (int i = 0; i < _waiting.Count && _waiting[i].Rank <= rank; i++)
        {
            SimRun run = _waiting[i];
            int matched = _cache.Match(run.Job.Blocks, promised: false);
            if (matched < run.Job.Blocks.Length && _cache.Find(run.Job.Blocks[matched]) is not null) continue;
            while (!TryStart(run, matched))
            {
                if (run.Rank > 0 || _all.Count == 0 || _all.MaxBy(r => (r.Rank, r.Order)) is not { Rank: > 0 } last) return null;
                Preempt(last, grown: 1);
                matched = _cache.Match(run.Job.Blocks, promised: false);
            }
            _waiting.Remove(run);
            _all.Add(run);
            Insert(_prefilling, run);
            return run;
        }
        return null;
    }

    private bool TryStart(SimRun run, int matched)
    {
        if (_all.Count >= limits.Sequences) return false;
        int[] blocks = run.Job.Blocks;
        for (int i = 0; i < matched; i++) _cache.Hold(_cache.Find(blocks[i])!);
        int own = PagesOf(run.Known) - blocks.Length * limits.BlockPages;
        if (own + (blocks.Length - matched) * limits.BlockPages + (_all.Count == 0 ? 0 : _decoding) > _cache.Available)
        {
            for (int i = matched - 1; i >= 0; i--) _cache.Release(_cache.Find(blocks[i])!);
            return false;
        }
        for (int i = matched; i < blocks.Length; i++) _cache.Add(blocks[i]);
        _cache.TakePages(own);
        run.Held = blocks.Length;
        run.OwnPages = own;
        run.Computed = matched * limits.BlockTokens;
        if (run.Cached < 0)
        {
            run.Cached = run.Computed;
            SavedTokens += run.Cached;
        }
        return true;
    }
}
