namespace Sluice.Engine.Speculation;

/// <summary>
/// What steps cost here, from those that were made: a step that decodes n sequences, what guessed rows add to it, and a draft. Times are kept relative to a
/// speed that follows the machine, so that other load on it does not look like the price of a row.
/// </summary>
internal sealed class StepTimes
{
    private const double PriorRow = 0.06; // of the step
    private const double PriorDepth = 0.05; // of the step, per guess in depth
    private const double PriorCatchUp = 0.005; // of a step of one sequence, per token
    private const double TokensPerDepth = 16; // tokens to catch up with that cost as much as a guess in depth, until both are known
    private const double Odd = 4; // times what was expected: a pause counts as no more
    private const int Buckets = 18;

    private readonly Price[] _plain; // (sequences + 1): ticks at speed 1
    private readonly Price[] _row = new Price[Buckets * Buckets]; // (sequences, rows): share of the step that a row adds
    private readonly Price[] _depth = new Price[Buckets]; // (sequences): ticks at speed 1 per guess in depth
    private Price _catchUp; // ticks at speed 1 per token
    private double _speed = 1; // ticks per tick at speed 1

    /// <param name="maxSequences">Most in a step.</param>
    public StepTimes(int maxSequences) => _plain = new Price[maxSequences + 1];

    /// <summary>No step without guesses was seen yet.</summary>
    public bool Blank { get; private set; } = true;

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

        return PriorRow;
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

    /// <summary>A step that decoded and did nothing else took so long.</summary>
    /// <param name="sequences">That decoded.</param>
    /// <param name="rows">Guessed, all sequences together.</param>
    /// <param name="ticks">Without the drafting.</param>
    public void Observe(int sequences, int rows, double ticks)
    {
        double plain = Plain(sequences);
        double expected = plain * (1 + (rows == 0 ? 0 : rows * Row(sequences, rows)));
        if (expected > 0)
            ticks = Math.Min(ticks, Odd * expected);
        double surprise = expected > 0 ? Math.Clamp(ticks / expected, 0.5, 2) - 1 : 0;
        if (rows == 0)
        {
            _plain[sequences].Add(ticks / _speed);
            _speed *= 1 + (0.2 * surprise);
            Blank = false;
        }
        else if (plain > 0)
        {
            _row[(Bucket(sequences) * Buckets) + Bucket(rows)].Add(Math.Clamp(((ticks / plain) - 1) / rows, 0.001, 1));
            _speed *= 1 + (0.05 * surprise);
        }
    }

    /// <summary>A draft took so long. One that did nothing has no price.</summary>
    /// <param name="sequences">That were guessed for.</param>
    /// <param name="depth">Most guesses that one of them got; 0 where all were still catching up.</param>
    /// <param name="behind">Tokens that were caught up with.</param>
    /// <param name="ticks">For all of it.</param>
    public void ObserveDraft(int sequences, int depth, int behind, double ticks)
    {
        double each = ticks / _speed;
        if (depth == 0)
        {
            if (behind > 0)
                _catchUp.Add(each / behind);
            return;
        }

        ref Price known = ref _depth[Bucket(sequences)];
        if (behind == 0)
        {
            known.Add(each / depth);
            return;
        }

        double guess = known.Or(each / (depth + (behind / TokensPerDepth)));
        if (!known.Known)
            known.Add(guess);
        if (behind >= TokensPerDepth) // of fewer the price drowns in how much drafts differ
            _catchUp.Add(Math.Max(0, each - (depth * guess)) / behind);
    }

    private bool Seen(int sequences, int rows, out double row)
    {
        bool inside = (uint)sequences < Buckets && (uint)rows < Buckets;
        Price price = inside ? _row[(sequences * Buckets) + rows] : default;
        row = price.Or(PriorRow);
        return price.Known;
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
