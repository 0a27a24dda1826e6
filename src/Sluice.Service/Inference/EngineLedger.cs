using Sluice.Batching;
using Sluice.Engine;

namespace Sluice.Service.Inference;

/// <summary>
/// What has been promised to one engine's jobs: sequences and pages from hand-over to end, prompt tokens until the steps that take them are over.
/// Not thread-safe: its loop locks.
/// </summary>
internal sealed class EngineLedger(EngineInfo info)
{
    private readonly Queue<(long AfterStep, int Tokens)> _prefills = new();
    private int _running;
    private int _suspects;
    private int _pages;
    private int _prefill;

    public int Running => _running;

    /// <summary>Prompt tokens of coming steps still hold back jobs: worth asking again once the engine has stepped.</summary>
    public bool WaitsForSteps => _prefill > 0;

    public EngineRoom Room(EngineLoad load)
    {
        while (_prefills.TryPeek(out (long AfterStep, int Tokens) first) && load.Steps > first.AfterStep)
        {
            _prefill -= first.Tokens;
            _prefills.Dequeue();
        }
        return new EngineRoom
        {
            MaxSequences = info.MaxSequences,
            MaxStepTokens = info.MaxStepTokens,
            TotalPages = info.TotalPages,
            PageTokens = info.PageTokens,
            Running = _running,
            RunningSuspects = _suspects,
            FreeSequences = Math.Max(0, info.MaxSequences - _running),
            FreePages = Math.Max(0, info.TotalPages - _pages),
            FreeStepTokens = Math.Max(0, info.MaxStepTokens - _running - _prefill),
        };
    }

    public void Take(FormedBatch batch, EngineLoad load)
    {
        foreach (WaitingJob job in batch.Jobs)
        {
            _running++;
            _suspects += batch.Suspects ? 1 : 0;
            _pages += job.Pages(info.PageTokens);
        }
        // a sequence's first step is the one after the step that runs now
        _prefills.Enqueue((load.Steps, batch.StepTokens));
        _prefill += batch.StepTokens;
    }

    public void Free(WaitingJob job, bool suspect)
    {
        _running--;
        _suspects -= suspect ? 1 : 0;
        _pages -= job.Pages(info.PageTokens);
        if (_running == 0)
        {
            _prefills.Clear();
            _prefill = 0;
        }
    }
}
