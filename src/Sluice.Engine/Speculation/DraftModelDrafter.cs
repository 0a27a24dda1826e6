using System.Diagnostics.CodeAnalysis;
using Sluice.Engine.Cache;
using Sluice.Engine.Models;
using Sluice.Engine.Sampling;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Speculation;

/// <summary>
/// Asks a small model of the same tokens. All drafts share its steps: the first computes what each has not seen yet, as far as a step holds, and those that
/// are through go on one token per step. Keys and values lie in pages of its own, with prefixes shared as in the target's; those of guesses that fell are
/// given back. A sequence that finds no page, or that is longer than the small model's context, is not guessed for.
/// </summary>
internal sealed class DraftModelDrafter : IDrafter
{
    private const int PageTokens = StepPlan.PageTokens;

    private readonly Model _model;
    private readonly StepPlan _plan;
    private readonly Sampler _sampler;
    private readonly Draft[] _guessing; // (_count): whose outputs the last step has, in order
    private int _count;

    /// <param name="model">Owned from now on.</param>
    /// <param name="share">Prefixes outlive their sequences.</param>
    public DraftModelDrafter(Model model, bool share)
    {
        _model = model;
        ModelOptions limits = model.Options;
        Cache = new PrefixCache(new PagePool(model.Memory.Pages), share);
        _plan = new StepPlan(limits.MaxStepTokens, limits.MaxSequences, MemoryPlanner.MaxPlanPages(model.Config, limits, model.Memory.Pages));
        _sampler = new Sampler(model.Config.VocabularySize);
        _guessing = new Draft[limits.MaxSequences];
    }

    /// <summary>For the audit.</summary>
    internal PrefixCache Cache { get; }

    public int Behind(Draft draft)
    {
        int length = draft.Length;
        if (length > _model.Config.ContextLength)
            return int.MaxValue;
        if (draft.State is State state)
            return Pages(length) - state.Lease.Count > Cache.Available ? int.MaxValue : length - Math.Min(state.Computed, length - 1);
        int matched = Cache.CountMatch(draft.Scope, draft.Tokens, (length - 1) / PageTokens, default, out int held);
        return Pages(length) - held > Cache.Available ? int.MaxValue : length - (matched * PageTokens);
    }

    public int Guess(ReadOnlySpan<Draft> drafts)
    {
        CatchUp(drafts);
        int computed = _plan.Rows;
        while (_count > 0)
        {
            ReadGuesses();
            _plan.Clear();
            for (int i = 0; i < _count; i++)
            {
                Draft draft = _guessing[i];
                State state = (State)draft.State!;
                Add(draft, state, 1, output: true);
                state.Computed++;
            }

            _model.Forward(_plan);
        }

        return computed;
    }

    public void Settle(Draft draft, int accepted)
    {
        if (draft.State is not State state)
            return;
        state.Computed = Math.Min(state.Computed, draft.Length + accepted);
        Cache.Shrink(state.Lease, Pages(state.Computed));
    }

    public void Release(Draft draft)
    {
        if (draft.State is State state)
            Cache.Release(state.Lease);
        draft.State = null;
    }

    public void Dispose() => _model.Dispose();

    /// <summary>The lease of a draft, for the audit.</summary>
    internal static PrefixLease? LeaseOf(Draft draft) => (draft.State as State)?.Lease;

    private void CatchUp(ReadOnlySpan<Draft> drafts)
    {
        _plan.Clear();
        _count = 0;
        foreach (Draft draft in drafts)
        {
            draft.Count = 0;
            int room = _model.Options.MaxStepTokens - _plan.Rows;
            if (draft.Wanted == 0 || room == 0 || _plan.Segments == _guessing.Length || !TryPrepare(draft, out State? state))
                continue;
            int behind = draft.Length - state.Computed;
            int rows = Math.Min(behind, room);
            Add(draft, state, rows, output: rows == behind);
            state.Computed += rows;
            if (rows == behind)
                _guessing[_count++] = draft;
        }

        if (_plan.Rows == 0)
            return;
        _model.Forward(_plan);
        foreach (Draft draft in drafts)
        {
            if (draft is { Wanted: > 0, State: State state })
                Cache.Share(state.Lease, draft.Tokens, Math.Min(state.Computed, draft.PromptLength) / PageTokens);
        }
    }

    // Keeps those that want more.
    private void ReadGuesses()
    {
        int going = 0;
        for (int i = 0; i < _count; i++)
        {
            Draft draft = _guessing[i];
            if (TryGuess(draft, i) && draft.Count < draft.Wanted)
                _guessing[going++] = draft;
        }

        _count = going;
    }

    private bool TryGuess(Draft draft, int output)
    {
        int at = draft.Length + draft.Count;
        ReadOnlySpan<int> tokens = draft.Tokens.AsSpan(0, at);
        try
        {
            draft.Tokens[at] = draft.PicksLargest
                ? Largest(output)
                : draft.Chances.Length > 0
                ? _sampler.Guess(_model.Logits(output), draft.Drawing, tokens, draft.PromptLength, draft.Seed, draft.Chances[draft.Count])
                : _sampler.Pick(_model.Logits(output), draft.Sampling, tokens, draft.PromptLength, draft.Seed);
        }
        catch (InvalidOperationException)
        {
            return false; // no finite logit: no guess
        }

        draft.Count++;
        return true;
    }

    private int Largest(int output)
    {
        (int id, float logit) = _model.Largest(output);
        LogProbabilities.RequireFinite(logit);
        return id;
    }

    private bool TryPrepare(Draft draft, [NotNullWhen(true)] out State? state)
    {
        state = draft.State as State;
        if (Behind(draft) == int.MaxValue)
            return false;
        if (state is null)
        {
            draft.NoteChances();
            draft.State = state = new State(new PrefixLease(draft.Scope));
            state.Lease.Reserve(Pages(Math.Min(draft.Length + draft.TokensLeft, _model.Config.ContextLength)));
            state.Computed = Cache.Match(state.Lease, draft.Tokens, (draft.Length - 1) / PageTokens) * PageTokens;
        }

        state.Computed = Math.Min(state.Computed, draft.Length - 1); // the last known token's row says what comes next
        int wanted = Math.Min(draft.Wanted, _model.Config.ContextLength - draft.Length + 1);
        if (!Cache.TryGrow(state.Lease, Pages(draft.Length + wanted - 1)))
        {
            Cache.TryGrow(state.Lease, Pages(draft.Length));
            wanted = Math.Min(wanted, (state.Lease.Count * PageTokens) - draft.Length + 1); // the last guess is never computed
        }

        draft.Wanted = wanted;
        return true;
    }

    private void Add(Draft draft, State state, int rows, bool output)
    {
        int row = _plan.Add(draft.Tokens.AsSpan(state.Computed, rows), state.Computed, state.Lease.Pages);
        if (!output)
            return;
        _plan.OutputRows[_plan.Outputs] = row + rows - 1;
        _plan.LargestOnly[_plan.Outputs++] = draft.PicksLargest;
    }

    private static int Pages(int positions) => StepPlan.PagesOf(positions);

    private sealed class State(PrefixLease lease)
    {
        public PrefixLease Lease => lease;

        /// <summary>Positions [0, Computed) are in its pages.</summary>
        public int Computed { get; set; }
    }
}
