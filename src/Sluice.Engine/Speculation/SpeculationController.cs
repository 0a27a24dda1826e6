namespace Sluice.Engine.Speculation;

/// <summary>
/// How many guesses each sequence gets in the next step: those that make the step worth more than it costs. With a the share of a sequence's guesses that
/// stand, the j-th is worth a^j tokens; rows and drafting cost what they were measured to cost (<see cref="StepTimes"/>). Of all floors under a^j the one
/// that gives most tokens per time is taken; where none beats a step without guesses, there are none.
/// </summary>
/// <remarks>
/// What is turned off is tried again out of a budget of a two-hundredth of the time of all steps. What is on is left out of one step in sixty-four, to see
/// what that costs. Steps that compute prompts are full of rows that are worth their time: nothing is guessed in them.
/// </remarks>
internal sealed class SpeculationController
{
    private const double ProbeShare = 0.005;
    private const double Margin = 1.03; // better by less is no better
    private const int ReferenceEvery = 64;
    private const int MostProbeTokens = 2;
    private const double SequenceWeight = 3; // tries that what is known of the workload counts for
    private const int FewBehind = 2; // known tokens that every draft computes
    private const double LeastProbe = 0.25; // of a step: what a try is taken to cost before it is known

    private static readonly double[] _floors = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

    private readonly StepTimes _times;
    private readonly Workloads _workloads = new();
    private readonly GuessTable _table;
    private readonly int _probeTokens;
    private readonly double[] _shares; // (drafts): of guesses that stand; 0 for one that gets none
    private double _budget; // ticks for trying
    private int _sinceReference;
    private int _turn; // whose the next try is
    private double _probe; // ticks of a plain step, where the step has a try in it; 0 where not

    /// <param name="maxSequences">Most drafts at once.</param>
    /// <param name="mostTokens">Most guesses of a sequence in a step.</param>
    public SpeculationController(int maxSequences, int mostTokens)
    {
        _times = new StepTimes(maxSequences);
        _table = new GuessTable(mostTokens, _floors);
        _shares = new double[maxSequences];
        _probeTokens = Math.Min(MostProbeTokens, mostTokens);
    }

    /// <summary>Sets what each draft may want in a step that decodes all of them and nothing else.</summary>
    /// <param name="drafts">All sequences that decode.</param>
    /// <param name="drafter">Asked how far behind it is.</param>
    /// <param name="room">Rows that the step has for guesses.</param>
    public void Choose(ReadOnlySpan<Draft> drafts, IDrafter drafter, int room)
    {
        if (drafts.Length == 0 || room <= 0)
            return;
        if (_times.Blank || _sinceReference >= ReferenceEvery)
        {
            _sinceReference = 0;
            return;
        }

        double plain = _times.Plain(drafts.Length);
        for (int i = 0; i < drafts.Length; i++)
        {
            double share = Share(drafts[i]);
            bool any = _table.Tokens(share, _floors.Length - 1) > 0; // the lowest floor
            _shares[i] = any && Worth(drafts[i], drafter, drafts.Length, plain) ? share : 0;
        }

        int best = BestFloor(drafts, room, plain);
        bool guesses = false;
        for (int i = 0; best >= 0 && i < drafts.Length; i++)
        {
            drafts[i].Wanted = Math.Min(drafts[i].Room, _table.Tokens(_shares[i], best));
            guesses |= drafts[i].Wanted > 0;
        }

        _sinceReference = guesses ? _sinceReference + 1 : 0;
        _turn = _turn < drafts.Length ? _turn : 0;
        Probe(drafts[_turn++], drafter, drafts.Length, plain);
    }

    /// <summary>What came of one sequence's guesses.</summary>
    /// <param name="draft">That had some.</param>
    /// <param name="hits">That stood.</param>
    /// <param name="tries">That were looked at.</param>
    public void Learn(Draft draft, int hits, int tries)
    {
        draft.Acceptance = draft.Acceptance.Add(hits, tries, keep: 0.9);
        _workloads.Learn(draft, hits, tries);
    }

    /// <summary>A sequence is at its end.</summary>
    public void Ended(Draft draft) => _workloads.Ended(draft);

    /// <summary>A step is over.</summary>
    /// <param name="sequences">That decoded.</param>
    /// <param name="guesses">In the step.</param>
    /// <param name="pure">Nothing else was in it.</param>
    /// <param name="ticks">It took, drafting aside.</param>
    public void Observe(int sequences, int guesses, bool pure, double ticks)
    {
        if (pure && sequences > 0)
            _times.Observe(sequences, guesses, ticks);
        if (_probe > 0)
            _budget -= Math.Max(LeastProbe * _probe, _probeTokens * _probe * _times.Row(sequences, _probeTokens)); // what it cost, not what was thought
        _probe = 0;
        if (_budget < 20 * ticks)
            _budget += ProbeShare * ticks;
    }

    /// <summary>A draft is over.</summary>
    /// <param name="drafts">All, with what they got.</param>
    /// <param name="computed">Known tokens that were computed for it.</param>
    /// <param name="ticks">It took.</param>
    public void ObserveDraft(ReadOnlySpan<Draft> drafts, int computed, double ticks)
    {
        int count = 0, depth = 0;
        foreach (Draft draft in drafts)
        {
            count += draft.Count > 0 ? 1 : 0;
            depth = Math.Max(depth, draft.Count);
        }

        if (_probe > 0)
            _budget -= ticks;
        _times.ObserveDraft(count, depth, Math.Max(0, computed - (count * FewBehind)), ticks);
    }

    private int BestFloor(ReadOnlySpan<Draft> drafts, int room, double plain)
    {
        int sequences = drafts.Length;
        int best = -1;
        double most = Margin;
        for (int floor = 0; floor < _floors.Length; floor++)
        {
            int rows = 0, depth = 0, guessing = 0;
            double gained = 0;
            for (int i = 0; i < sequences; i++)
            {
                int tokens = Math.Min(drafts[i].Room, _table.Tokens(_shares[i], floor));
                if (tokens <= 0)
                    continue;
                rows += tokens;
                depth = Math.Max(depth, tokens);
                gained += _table.Gain(_shares[i], tokens);
                guessing++;
            }

            if (rows == 0 || rows > room)
                continue;
            double time = 1 + (rows * _times.Row(sequences, rows)) + (_times.Draft(guessing, depth, 0) / plain);
            double worth = (1 + (gained / sequences)) / time;
            if (worth > most)
                (best, most) = (floor, worth);
        }

        return best;
    }

    private double Share(Draft draft) => draft.Acceptance.Mean(_workloads.Share(draft), SequenceWeight);

    // To catch up with a long prompt for a few tokens is a loss whatever is guessed.
    private bool Worth(Draft draft, IDrafter drafter, int sequences, double plain)
    {
        if (draft.Room <= 0)
            return false;
        int behind = drafter.Behind(draft);
        return behind <= FewBehind
            || (behind < int.MaxValue && _times.Draft(sequences, 0, behind) < 0.2 * _workloads.TokensLeft(draft) * plain / sequences);
    }

    private void Probe(Draft draft, IDrafter drafter, int sequences, double plain)
    {
        if (draft.Wanted > 0 || draft.Room < _probeTokens)
            return;
        int behind = drafter.Behind(draft);
        if (behind == int.MaxValue || (LeastProbe * plain) + _times.Draft(1, 0, behind) > _budget)
            return;
        draft.Wanted = _probeTokens;
        _probe = plain;
    }
}
