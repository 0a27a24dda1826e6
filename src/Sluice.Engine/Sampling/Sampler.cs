namespace Sluice.Engine.Sampling;

/// <summary>
/// Picks the next token from one row of logits. Order: bias, penalties, temperature, top-k, top-p (of what top-k kept), min-p (of the likeliest). Temperature 0 is
/// greedy, ties to the lowest id. NaN counts as minus infinity; a row without a finite largest logit is an <see cref="InvalidOperationException"/>.
/// Allocates nothing after construction.
/// </summary>
/// <remarks>Not thread-safe: the thread that owns the step owns it.</remarks>
internal sealed partial class Sampler(int vocabulary)
{
    private const float FirstCutoff = 1f / 64;
    private const float LastCutoff = 1e-12f;

    private readonly Penalties _penalties = new(vocabulary);
    private readonly TokenWeights _weights = new(vocabulary);
    private readonly CandidateHeap _heap = new(vocabulary);
    private readonly int[] _kept = new int[vocabulary]; // (kept): ids, likeliest first
    private int _keptCount;
    private double _keptTotal; // of their weights

    /// <summary>The pick is the largest logit as the model gave it, ties to the lowest id.</summary>
    public static bool PicksLargest(SamplingOptions options) => options.Temperature == 0 && options.LogitBias.Count == 0 && !Penalties.Any(options);

    /// <param name="logits">(vocabulary)</param>
    /// <param name="options">How to draw.</param>
    /// <param name="tokens">Prompt, then generated so far; the pick takes position tokens.Length.</param>
    /// <param name="promptLength">How many are the prompt's.</param>
    /// <param name="seed">With the position, decides the draw.</param>
    public int Pick(ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> tokens, int promptLength, long seed)
    {
        int likeliest = Weigh(logits, options, tokens, promptLength);
        if (options.Temperature == 0)
            return likeliest;
        double draw = CounterRandom.Uniform(seed, tokens.Length);
        if (!Filters(options))
            return _weights.At(draw);
        Keep(options);
        return AtKept(draw);
    }

    private static bool Filters(SamplingOptions options) => options.TopK > 0 || options.TopP < 1 || options.MinP > 0;

    /// <summary>Penalties and, above temperature 0, the weight of every id; returns the likeliest.</summary>
    private int Weigh(ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> tokens, int promptLength)
    {
        if (Penalties.Any(options) || options.LogitBias.Count > 0)
        {
            logits.CopyTo(_weights.Values);
            for (int i = 0; i < options.LogitBias.Count; i++)
                _weights.Values[options.LogitBias[i].Id] += options.LogitBias[i].Bias;
            _penalties.Apply(_weights.Values, tokens, promptLength, options);
            logits = _weights.Values;
        }

        int likeliest = LogProbabilities.ArgMax(logits);
        if (options.Temperature > 0)
            _weights.Set(logits, logits[likeliest], options.Temperature);
        return likeliest;
    }

    // What top-k, top-p and min-p leave, likeliest first.
    private void Keep(SamplingOptions options)
    {
        bool bounded = options.TopK > 0 && options.TopK < vocabulary;
        int most = bounded ? options.TopK : vocabulary;
        double mass = !bounded && options.TopP < 1 ? options.TopP * _weights.Total : double.PositiveInfinity;
        FillHeap(most, mass, bounded ? 0 : options.MinP);

        float[] weights = _weights.Values;
        int taken = 0;
        double takenMass = 0;
        while (taken < most && takenMass < mass && _heap.TryTake(out int id))
        {
            _kept[taken++] = id;
            takenMass += weights[id];
        }

        if (bounded && options.TopP < 1)
            mass = options.TopP * takenMass;
        int count = 0;
        double total = 0;
        while (count < taken && total < mass && (count == 0 || weights[_kept[count]] >= options.MinP)) // the likeliest weighs 1
            total += weights[_kept[count++]];

        _keptCount = count;
        _keptTotal = total;
    }

    private int AtKept(double draw)
    {
        double target = draw * _keptTotal;
        double below = 0;
        for (int i = 0; i < _keptCount; i++)
        {
            below += _weights.Values[_kept[i]];
            if (below > target)
                return _kept[i];
        }

        return _kept[_keptCount - 1];
    }

    // What is above a cutoff comes first in order: it is enough where it holds as many ids, or as much mass, as are kept at most.
    private void FillHeap(int most, double mass, float floor)
    {
        floor = Math.Max(floor, float.Epsilon);
        bool all = most == vocabulary && double.IsPositiveInfinity(mass);
        float cutoff = all ? floor : Math.Max(FirstCutoff, floor);
        while (true)
        {
            _heap.Fill(_weights.Values, cutoff);
            if (_heap.Count >= most || _heap.Mass >= mass || cutoff <= floor)
                return;
            cutoff = cutoff < LastCutoff ? floor : Math.Max(cutoff / 64, floor);
        }
    }
}
