using Sluice.Engine.Speculation;

namespace Sluice.Engine.Planning;

/// <summary>Puts guesses behind the tokens of sequences that decode, before a step is planned, and tells drafter and controller what came of them.</summary>
/// <param name="drafter">Owned.</param>
/// <param name="limits">Of a step.</param>
/// <param name="mostTokens">Most guesses of a sequence in a step.</param>
/// <param name="adaptive">False guesses as much as there is room for in every step, alike for all.</param>
/// <param name="clock">Measures steps and drafts.</param>
internal sealed class Speculator(IDrafter drafter, PlannerLimits limits, int mostTokens, bool adaptive, TimeProvider clock) : IDisposable
{
    private readonly SpeculationController _controller = new(limits.MaxSequences, mostTokens);
    private readonly Draft[] _drafts = new Draft[limits.MaxSequences]; // (_count): of sequences that decode
    private int _count;
    private long _drafting; // ticks of the last draft
    private bool _lastMixed; // the last step computed prompts, too

    /// <summary>Guesses for the next step of these.</summary>
    public void Guess(IReadOnlyList<Sequence> running, bool waiting)
    {
        bool mixed = Collect(running) || (waiting && running.Count < limits.MaxSequences && _lastMixed);
        _drafting = 0;
        Span<Draft> drafts = _drafts.AsSpan(0, _count);
        int room = Math.Min(limits.MaxStepTokens, limits.MaxOutputs) - _count;
        if (!adaptive)
        {
            foreach (Draft draft in drafts)
                draft.Wanted = Math.Max(0, Math.Min(draft.Room, room / _count)); // alike for all
        }
        else if (!mixed)
        {
            _controller.Choose(drafts, drafter, room);
        }

        bool any = false;
        foreach (Draft draft in drafts)
            any |= draft.Wanted > 0;
        if (!any)
            return;
        long start = clock.GetTimestamp();
        int computed = drafter.Guess(drafts);
        _drafting = clock.GetTimestamp() - start;
        _controller.ObserveDraft(drafts, computed, _drafting);
    }

    /// <summary>A sequence's guesses were looked at.</summary>
    /// <param name="draft">Of the sequence.</param>
    /// <param name="looked">How many were: the first that falls is the last.</param>
    /// <param name="accepted">That stood.</param>
    public void Settle(Draft draft, int looked, int accepted)
    {
        drafter.Settle(draft, accepted);
        draft.Count = 0;
        if (looked > 0)
            _controller.Learn(draft, accepted, looked);
    }

    /// <summary>The sequence has left: it gave way, or is at its end.</summary>
    public void Release(Sequence sequence)
    {
        if (sequence.Draft is not { } draft)
            return;
        draft.Count = 0;
        drafter.Release(draft);
        if (!sequence.Ended)
            return;
        draft.Length = sequence.Trunk.Length;
        _controller.Ended(draft);
    }

    /// <summary>A step is over.</summary>
    /// <param name="step">That was read.</param>
    /// <param name="ticks">All of it, the draft before it included.</param>
    public void Observe(Step step, long ticks)
    {
        _lastMixed = step.PrefillTokens > 0;
        _controller.Observe(step.DecodeTokens, step.DraftedTokens, !_lastMixed, ticks - _drafting);
    }

    public void Dispose() => drafter.Dispose();

    // True where some running sequence has a prompt or choices to compute.
    private bool Collect(IReadOnlyList<Sequence> running)
    {
        _count = 0;
        bool mixed = false;
        for (int i = 0; i < running.Count; i++)
        {
            Sequence sequence = running[i];
            if (!sequence.Decoding)
            {
                mixed = true;
                continue;
            }

            Lane lane = sequence.Trunk;
            Draft draft = sequence.Draft ??= new Draft(sequence.Request, sequence.Seed, sequence.Capacity, mostTokens) { Tokens = lane.Tokens };
            if (draft.Count > 0)
                Settle(draft, 0, 0); // there was no room for it in the last step
            draft.Length = lane.Length;
            draft.Wanted = 0;
            _drafts[_count++] = draft;
        }

        return mixed;
    }
}
