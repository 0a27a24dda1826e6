namespace Sluice.Engine.Speculation;

/// <summary>
/// What steps cost here, from those that were made: a step that decodes n sequences, what guessed rows add to it, and a draft. Times are kept relative to a
/// speed that follows the machine, so that other load on it does not look like the price of a row. Only steps without guesses tell the speed: those with
/// guesses would hide in it what they cost.
/// </summary>
internal sealed class StepTimes
{
    private const double PriorRow = 0.06; // of the step, of a few sequences; of many, half of a row of their own
    private const double PriorDepth = 0.05; // of the step, per guess in depth
    private const double PriorCatchUp = 0.005; // of a step of one sequence, per token
    private const double TokensPerDepth = 16; // tokens to catch up with that cost as much as a guess in depth, until both are known
    private const double Surprise = 0.2; // off what was expected: the machine may have changed
    private const double DraftSurprise = 0.5; // drafts of as many differ: not all go equally deep
    private const double FewRows = 1; // the price of so few drowns in how much steps differ: it counts half
    private const long Old = 4000; // steps after which a price of rows is asked for again
    private const int Few = 4; // steps before anything is guessed: the first meet cold code
    private const int Buckets = 18;

    private readonly Price[] _plain; // (sequences + 1): ticks at speed 1
    private readonly Price[] _row = new Price[Buckets * Buckets]; // (sequences, rows): share of the step that a row adds
    private readonly Price[] _depth = new Price[Buckets]; // (sequences): ticks at speed 1 per guess in depth
    private Price _catchUp; // ticks at speed 1 per token
    private double _speed = 1; // ticks per tick at speed 1
    private (double A, double B, double C) _last = (1, 1, 1); // speeds of the last three steps without guesses
    private long _steps; // that were observed
    private bool _oddStep, _oddDraft; // the last ones with guesses

    /// <param name="maxSequences">Most in a step.</param>
    public StepTimes(int maxSequences) => _plain = new Price[maxSequences + 1];

    /// <summary>Hardly a step without guesses was seen yet.</summary>
    public bool Blank => _steps < Few;

    /// <summary>The last step with guesses was not what it was expected to be: only steps without tell whether that is the machine.</summary>
    public bool Surprised => _oddStep;

    /// <summary>Ticks of a step that decodes so many sequences and nothing else; 0 while <see cref="Blank"/>.</summary>
    public double Plain(int sequences)
    {
        for (int away = 0; away < _plain.Length; away++)
        {
            if (sequences - away >= 1 && _plain[sequences - away].Known)
                return _speed * _plain[sequences - away].Or(0) * (1 + (away * PriorRow));
            if (sequences + away < _plain.Length && _plain[sequences + away].Known)
                return _speed * _plain[sequences + away].Or(0) / (1 + (away * PriorRow));
        }

        return 0;
    }

    /// <summary>Share of the step that one guessed row adds to it, where there are so many.</summary>
    public double Row(int sequences, int rows)
    {
        int n = Bucket(sequences);
        int x = Bucket(rows);
        for (int away = 0; away < Buckets; away++)
        {
            if (Seen(n, x - away, out double row) || Seen(n, x + away, out row))
                return row;
        }

        for (int away = 1; away < Buckets; away++)
        {
            if (Seen(n - away, x, out double row) || Seen(n + away, x, out row))
                return row;
        }

        return Prior(sequences);
    }

    /// <summary>Ticks for guessing so deep for so many sequences, after catching up with so many tokens.</summary>
    public double Draft(int sequences, int depth, int behind)
    {
        double plain = Plain(sequences);
        double prior = PriorDepth * plain / _speed;
        double each = prior;
        int bucket = Bucket(sequences);
        for (int away = 0; away < Buckets; away++)
        {
            int near = bucket - away >= 0 && _depth[bucket - away].Known ? bucket - away : bucket + away;
            if (near >= Buckets || !_depth[near].Known)
                continue;
            each = _depth[near].Or(prior);
            break;
        }

        return _speed * ((depth * each) + (behind * _catchUp.Or(PriorCatchUp * Plain(1) / _speed)));
    }

    /// <summary>The last step without guesses took about what those before it did.</summary>
    public bool Steady { get; private set; }

    /// <summary>Guesses were in a step of about as many sequences.</summary>
    public bool Knows(int sequences)
    {
        for (int x = 0; x < Buckets; x++)
        {
            if (Seen(Bucket(sequences), x, out _))
                return true;
        }

        return false;
    }

    /// <summary>Ticks of a step that decodes so many sequences with so many guesses, drafting aside.</summary>
    public double Expected(int sequences, int rows) => Plain(sequences) * (1 + (rows * Row(sequences, rows)));

    /// <summary>A step that decoded and did nothing else took so long.</summary>
    /// <param name="sequences">That decoded.</param>
    /// <param name="rows">Guessed, all sequences together.</param>
    /// <param name="ticks">Without the drafting.</param>
    public void Observe(int sequences, int rows, double ticks)
    {
        _steps++;
        if (rows == 0)
        {
            ref Price known = ref _plain[sequences];
            if (known.Known)
                Follow(ticks / known.Or(0));
            known.Add(known.Known ? Math.Min(ticks / _speed, (1 + Surprise) * known.Or(0)) : ticks / _speed); // a pause moves it by next to nothing
            return;
        }

        double plain = Plain(sequences);
        if (plain <= 0)
            return;
        ref Price row = ref _row[(Bucket(sequences) * Buckets) + Bucket(rows)];
        bool odd = row.Known && IsOdd(ticks, Expected(sequences, rows), Surprise);
        double before = Row(sequences, rows);
        double sample = Math.Clamp(((ticks / plain) - 1) / rows, 0, 1); // a row is never dearer than a step
        Learn(ref row, before + ((sample - before) * rows / (rows + FewRows)), odd, ref _oddStep);
    }

    /// <summary>A draft took so long. One that did nothing has no price.</summary>
    /// <param name="sequences">That were guessed for.</param>
    /// <param name="depth">Most guesses that one of them got; 0 where all were still catching up.</param>
    /// <param name="behind">Tokens that were caught up with.</param>
    /// <param name="ticks">For all of it.</param>
    /// <returns>Ticks of it that went into catching up.</returns>
    public double ObserveDraft(int sequences, int depth, int behind, double ticks)
    {
        double each = ticks / _speed;
        if (depth == 0)
        {
            if (behind > 0)
                _catchUp.Add(each / behind);
            return ticks;
        }

        ref Price known = ref _depth[Bucket(sequences)];
        if (behind == 0)
        {
            Learn(ref known, each / depth, known.Known && IsOdd(each / depth, known.Or(0), DraftSurprise), ref _oddDraft);
            return 0;
        }

        double guess = known.Or(each / (depth + (behind / TokensPerDepth)));
        if (!known.Known)
            known.Add(guess);
        double caughtUp = Math.Max(0, each - (depth * guess));
        if (behind >= TokensPerDepth) // of fewer the price drowns in how much drafts differ
            _catchUp.Add(caughtUp / behind);
        return _speed * caughtUp;
    }

    // What is odd once is a sample like others. What is odd again once the speed is known anew is the price, whatever was before.
    private void Learn(ref Price price, double sample, bool odd, ref bool before)
    {
        if (odd && before)
            price = default;
        before = odd;
        price.Add(sample, _steps);
    }

    private static bool IsOdd(double found, double expected, double by) => Math.Abs(found - expected) > by * expected;

    // The middle one of three: a pause is none of the machine's speed, and what lasts is followed at once.
    private void Follow(double speed)
    {
        Steady = !IsOdd(speed, _speed, Surprise / 3);
        _last = (_last.B, _last.C, speed);
        (double a, double b, double c) = _last;
        double middle = Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
        _speed += (Math.Abs((middle / _speed) - 1) > Surprise ? 1 : 0.3) * (middle - _speed);
    }

    private static double Prior(int sequences) => Math.Min(PriorRow, 0.5 / sequences);

    private bool Seen(int sequences, int rows, out double row)
    {
        bool inside = (uint)sequences < Buckets && (uint)rows < Buckets;
        Price price = inside ? _row[(sequences * Buckets) + rows] : default;
        row = price.Or(0);
        return price.Since(_steps - Old);
    }

    // 1, 2, 3, 4, to 6, to 8, to 12, to 16, ...
    private static int Bucket(int count)
    {
        if (count <= 2)
            return Math.Max(0, count - 1);
        int log = 31 - int.LeadingZeroCount(count - 1); // 2^log < count <= 2^(log + 1)
        int half = count - 1 >= 3 << (log - 1) ? 1 : 0;
        return Math.Min(Buckets - 1, (2 * log) + half);
    }
}
