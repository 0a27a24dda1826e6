namespace Sluice.Engine.Speculation;

/// <summary>
/// How many guesses each sequence gets in the next step. With a the share of a sequence's guesses that stand, the j-th is worth a^j tokens; rows and drafting
/// cost what they were measured to cost (<see cref="StepTimes"/>). Of all floors under a^j the one that promises most tokens per time is proposed; where none
/// beats a step without guesses, there are none. Whether a proposal is followed says the <see cref="Account"/> of the batch size: not what a step promises
/// counts there, but what those before it took, beside steps without guesses that were made in between.
/// </summary>
/// <remarks>
/// What is on is left out of one step in eight (in thirty-two where it pays and the machine is steady), and of two steps after one that was not what was
/// expected. What is off is tried again out of what was saved for it.
/// Steps that compute prompts are full of rows that are worth their time: nothing is guessed in them.
/// </remarks>
internal sealed class SpeculationController
{
    private const double Margin = 1.03; // better by less is no better
    private const int ReferenceEvery = 8; // steps with guesses; four times as many where it pays and the machine is steady
    private const double SequenceWeight = 16; // tries that what is known of the workload counts for
    private const int FewBehind = 2; // known tokens that every draft computes
    private const int IdleFor = 4; // steps: looking costs time, too
    private const double Odd = 2; // times what was expected: a pause counts as no more
    private const double OwedFor = 64; // steps over which an account pays for catching up with a prompt

    private static readonly double[] _floors = [0.8, 0.6, 0.45, 0.3, 0.2, 0.1, 0.05, 0.02];

    private readonly StepTimes _times;
    private readonly Workloads _workloads = new();
    private readonly GuessTable _table;
    private readonly double[] _shares; // (drafts): of guesses that stand; 0 for one that gets none
    private readonly Account[] _accounts; // by the power of two that holds the sequences
    private int _sinceReference; // steps with guesses since one without
    private int _references; // steps without guesses that are due
    private int _idle; // steps until it is looked again whether guesses are worth it
    private int _turn; // whose the next try is
    private int _stood; // guesses, in the step that is read
    private double _drafting; // ticks of the step's draft, catching up aside
    private double _owed; // ticks of catching up that are still to be paid for

    /// <param name="maxSequences">Most drafts at once.</param>
    /// <param name="mostTokens">Most guesses of a sequence in a step.</param>
    public SpeculationController(int maxSequences, int mostTokens)
    {
        _times = new StepTimes(maxSequences);
        _table = new GuessTable(mostTokens, _floors);
        _shares = new double[maxSequences];
        _accounts = new Account[Power(maxSequences) + 1];
        for (int i = 0; i < _accounts.Length; i++)
            _accounts[i] = new Account(1 << i);
    }

    /// <summary>Sets what each draft may want in a step that decodes all of them and nothing else.</summary>
    /// <param name="drafts">All sequences that decode.</param>
    /// <param name="drafter">Asked how far behind it is.</param>
    /// <param name="room">Rows that the step has for guesses.</param>
    public void Choose(ReadOnlySpan<Draft> drafts, IDrafter drafter, int room)
    {
        if (drafts.Length == 0 || room <= 0 || _times.Blank)
            return;
        Account account = _accounts[Power(drafts.Length)];
        if (!account.MayGuess || _references > 0)
            return;
        if (_idle > 0)
        {
            _idle--;
            return;
        }

        double plain = _times.Plain(drafts.Length);
        double saved = Math.Max(0, (account.Balance * plain) - _owed);
        double spare = account.Won ? double.MaxValue : saved; // ticks for catching up
        for (int i = 0; i < drafts.Length; i++)
        {
            double share = Share(drafts[i]);
            bool any = _table.Tokens(share, _floors.Length - 1) > 0; // the lowest floor
            _shares[i] = any && Worth(drafts[i], drafter, drafts.Length, plain, ref spare) ? share : 0;
        }

        if (_times.Knows(drafts.Length) && TryPropose(drafts, room, plain, out int floor, out int limit))
            Give(drafts, floor, limit, account);
        else
            _idle = IdleFor;
        _turn = _turn < drafts.Length ? _turn : 0;
        if (_sinceReference == 0 && account.MayTry)
            Probe(drafts[_turn++], drafter, drafts.Length, plain, saved);
    }

    /// <summary>What came of one sequence's guesses.</summary>
    /// <param name="draft">That had some.</param>
    /// <param name="hits">That stood.</param>
    /// <param name="tries">That were looked at.</param>
    public void Learn(Draft draft, int hits, int tries)
    {
        draft.Acceptance = draft.Acceptance.Add(hits, tries, keep: 0.97);
        _workloads.Learn(draft, hits, tries);
        _stood += hits;
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
        (int stood, double drafting) = (_stood, _drafting);
        (_stood, _drafting) = (0, 0);
        if (sequences == 0)
            return;
        Account account = _accounts[Power(sequences)];
        if (pure)
            _times.Observe(sequences, guesses, ticks);
        if (guesses == 0 && pure)
            (_sinceReference, _references) = (0, Math.Max(0, _references - 1));
        else if (guesses > 0 && (++_sinceReference >= (account.Won && _times.Steady ? 4 : 1) * ReferenceEvery || _times.Surprised))
            _references = _times.Surprised ? 2 : 1;
        double plain = _times.Plain(sequences);
        if (plain <= 0)
            return;
        if (guesses == 0)
            account.Save();
        double most = _times.Expected(sequences, guesses);
        double guessing = guesses == 0 ? 0 : (pure ? Math.Min(ticks, Odd * most) : most) - plain; // ticks that the guesses added to the step
        double paid = _owed / OwedFor;
        _owed -= paid;
        if (guesses > 0 || drafting + paid > 0)
            account.Book((double)stood / sequences, (guessing + drafting + paid) / plain);
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

        double caughtUp = _times.ObserveDraft(count, depth, Math.Max(0, computed - (count * FewBehind)), ticks);
        _owed += caughtUp;
        _drafting = Math.Min(ticks - caughtUp, Odd * _times.Draft(count, depth, 0));
    }

    // The floor and the most guesses of each sequence that promise most: a draft is as dear as its deepest.
    private bool TryPropose(ReadOnlySpan<Draft> drafts, int room, double plain, out int floor, out int limit)
    {
        (floor, limit) = (-1, 0);
        double most = Margin;
        for (int i = 0; i < _floors.Length; i++)
        {
            for (int each = 1; ; each++)
            {
                (int rows, int depth, int guessing, double gained) = Sum(drafts, i, each);
                if (depth < each || rows > room)
                    break;
                double time = 1 + (rows * _times.Row(drafts.Length, rows)) + (_times.Draft(guessing, depth, 0) / plain);
                double worth = (1 + (gained / drafts.Length)) / time;
                if (worth > most)
                    (floor, limit, most) = (i, each, worth);
            }
        }

        return floor >= 0;
    }

    private (int Rows, int Depth, int Guessing, double Gained) Sum(ReadOnlySpan<Draft> drafts, int floor, int limit)
    {
        int rows = 0, depth = 0, guessing = 0;
        double gained = 0;
        for (int i = 0; i < drafts.Length; i++)
        {
            int tokens = Tokens(drafts, i, floor, limit);
            if (tokens <= 0)
                continue;
            rows += tokens;
            depth = Math.Max(depth, tokens);
            gained += _table.Gain(_shares[i], tokens);
            guessing++;
        }

        return (rows, depth, guessing, gained);
    }

    private int Tokens(ReadOnlySpan<Draft> drafts, int i, int floor, int limit) => Math.Min(limit, Math.Min(drafts[i].Room, _table.Tokens(_shares[i], floor)));

    private double Share(Draft draft) => draft.Acceptance.Mean(_workloads.Share(draft), SequenceWeight);

    // No more than the account lets a step grow: the first guess of each before the second of any.
    private void Give(ReadOnlySpan<Draft> drafts, int floor, int limit, Account account)
    {
        int left = account.Rows;
        int each = Math.Max(1, left / drafts.Length);
        bool more = false;
        for (int i = 0; i < drafts.Length; i++)
        {
            int tokens = Math.Max(0, Tokens(drafts, i, floor, limit));
            drafts[i].Wanted = Math.Min(tokens, Math.Min(each, left));
            left -= drafts[i].Wanted;
            more |= tokens > drafts[i].Wanted;
        }

        if (more)
            account.Grow();
    }

    // To catch up with a long prompt for a few tokens is a loss whatever is guessed.
    private bool Worth(Draft draft, IDrafter drafter, int sequences, double plain, ref double spare)
    {
        if (draft.Room <= 0)
            return false;
        int behind = drafter.Behind(draft);
        if (behind <= FewBehind)
            return true;
        if (behind == int.MaxValue)
            return false;
        double cost = _times.Draft(sequences, 0, behind);
        if (cost > spare || cost >= 0.2 * _workloads.TokensLeft(draft) * plain / sequences)
            return false;
        spare -= cost;
        return true;
    }

    private void Probe(Draft draft, IDrafter drafter, int sequences, double plain, double spare)
    {
        if (draft.Wanted == 0 && Worth(draft, drafter, sequences, plain, ref spare))
            draft.Wanted = 1;
    }

    private static int Power(int sequences) => 32 - int.LeadingZeroCount(sequences - 1);
}
