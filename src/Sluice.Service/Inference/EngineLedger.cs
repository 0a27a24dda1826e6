using Sluice.Batching;
using Sluice.Engine;
using Sluice.Jobs;

namespace Sluice.Service.Inference;

/// <summary>
/// What has been promised to one engine's jobs: sequences and pages from hand-over to end, less the pages that they share; prompt tokens until the step that takes
/// them is over, then what the engine says that it has yet to compute. Where the engine takes room back for interactive jobs, those are also counted by themselves:
/// they see what they have left one another. Not thread-safe: its loop locks.
/// </summary>
internal sealed class EngineLedger(EngineInfo info)
{
    private readonly Queue<(long AfterStep, int Tokens, int Interactive)> _prefills = new();
    private Promised _all;
    private Promised _interactive;
    private int _suspects;
    private int _left; // of the engine's prompts, as last seen

    public int Running => _all.Sequences;

    /// <summary>Prompt tokens of coming steps still hold back jobs: worth asking again once the engine has stepped.</summary>
    public bool WaitsForSteps => _all.Prefill + _left > 0;

    public EngineRoom Room(EngineLoad load)
    {
        while (_prefills.TryPeek(out (long AfterStep, int Tokens, int Interactive) first) && load.Steps > first.AfterStep)
        {
            _all.Prefill -= first.Tokens;
            _interactive.Prefill -= first.Interactive;
            _prefills.Dequeue();
        }
        _left = load.PrefillLeft;
        EngineRoom room = new()
        {
            MaxSequences = info.MaxSequences,
            MaxStepTokens = info.MaxStepTokens,
            TotalPages = info.TotalPages,
            PageTokens = info.PageTokens,
            Running = _all.Sequences,
            RunningSuspects = _suspects,
            FreeSequences = FreeSequences(_all),
            FreePages = Math.Min(info.TotalPages, FreePages(_all, load.SharedPages)),
            FreeStepTokens = FreeStepTokens(_all, load.PrefillLeft),
        };
        return info.YieldsToInteractive
            ? room with
            {
                InteractiveSequences = FreeSequences(_interactive),
                InteractivePages = FreePages(_interactive, 0),
                InteractiveStepTokens = FreeStepTokens(_interactive, load.InteractivePrefillLeft),
            }
            : room;
    }

    public void Take(FormedBatch batch, EngineLoad load)
    {
        foreach (WaitingJob job in batch.Jobs)
        {
            _suspects += batch.Suspects ? 1 : 0;
            Count(job, 1);
        }
        // a sequence's first step is the one after the step that runs now
        _prefills.Enqueue((load.Steps, batch.StepTokens, batch.InteractiveStepTokens));
        _all.Prefill += batch.StepTokens;
        _interactive.Prefill += batch.InteractiveStepTokens;
    }

    public void Free(WaitingJob job, bool suspect)
    {
        _suspects -= suspect ? 1 : 0;
        Count(job, -1);
        if (_all.Sequences == 0)
        {
            _prefills.Clear();
            _all.Prefill = _interactive.Prefill = 0;
        }
    }

    private void Count(WaitingJob job, int sign)
    {
        int pages = sign * job.Pages(info.PageTokens);
        _all.Sequences += sign;
        _all.Pages += pages;
        if (job.Class == JobClass.Interactive)
        {
            _interactive.Sequences += sign;
            _interactive.Pages += pages;
        }
    }

    private int FreeSequences(in Promised to) => Math.Max(0, info.MaxSequences - to.Sequences);

    private int FreePages(in Promised to, int shared) => Math.Max(0, info.TotalPages - to.Pages + shared);

    private int FreeStepTokens(in Promised to, int left) => Math.Max(0, info.MaxStepTokens - to.Sequences - to.Prefill - left);

    /// <summary>What jobs have; <see cref="Prefill"/> in tokens of coming steps.</summary>
    private struct Promised
    {
        public int Sequences, Pages, Prefill;
    }
}
