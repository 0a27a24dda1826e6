using System.Numerics.Tensors;

namespace Sluice.Engine.Sampling;

/// <summary>
/// Picks the next token from one row of logits. Order: penalties, temperature, top-k, top-p (of what top-k kept), min-p (of the likeliest). Temperature 0 is
/// greedy, ties to the lowest id. NaN counts as minus infinity; a row without a finite largest logit is an <see cref="InvalidOperationException"/>.
/// Allocates nothing after construction.
/// </summary>
/// <remarks>Not thread-safe: the thread that owns the step owns it.</remarks>
internal sealed class Sampler(int vocabulary)
{
    private readonly Penalties _penalties = new(vocabulary);
    private readonly CandidateHeap _heap = new(vocabulary);
    private readonly float[] _weights = new float[vocabulary]; // (vocabulary): logits, then exp((logit − max) / temperature)
    private readonly int[] _kept = new int[vocabulary]; // (kept): ids that the filters left, likeliest first

    /// <param name="logits">(vocabulary)</param>
    /// <param name="options">How to draw.</param>
    /// <param name="tokens">Prompt, then generated so far; the pick takes position tokens.Length.</param>
    /// <param name="promptLength">How many are the prompt's.</param>
    /// <param name="seed">With the position, decides the draw.</param>
    public int Pick(ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> tokens, int promptLength, long seed)
    {
        if (Penalties.Any(options))
        {
            logits.CopyTo(_weights);
            _penalties.Apply(_weights, tokens, promptLength, options);
            logits = _weights;
        }

        int likeliest = LogProbabilities.ArgMax(logits);
        if (options.Temperature == 0)
            return likeliest;
        Weigh(logits, logits[likeliest], options.Temperature);
        double draw = CounterRandom.Uniform(seed, tokens.Length);
        return options.TopK > 0 || options.TopP < 1 || options.MinP > 0 ? DrawKept(options, draw) : DrawAll(draw);
    }

    private void Weigh(ReadOnlySpan<float> logits, float max, float temperature)
    {
        Span<float> weights = _weights;
        TensorPrimitives.Subtract(logits, max, weights);
        TensorPrimitives.Divide(weights, temperature, weights);
        TensorPrimitives.Exp(weights, weights);
        for (int i = 0; i < weights.Length; i++)
            weights[i] = weights[i] > 0 ? weights[i] : 0; // NaN becomes 0
    }

    private int DrawAll(double draw)
    {
        double total = 0;
        foreach (float weight in _weights)
            total += weight;
        double target = draw * total;
        double below = 0;
        int last = 0;
        for (int id = 0; id < _weights.Length; id++)
        {
            if (_weights[id] == 0)
                continue;
            last = id;
            below += _weights[id];
            if (below > target)
                return id;
        }

        return last;
    }

    private int DrawKept(SamplingOptions options, double draw)
    {
        int most = options.TopK > 0 ? Math.Min(options.TopK, vocabulary) : vocabulary;
        double mass = options.TopP < 1 ? options.TopP * MassOf(most) : double.PositiveInfinity;
        _heap.Fill(_weights);
        int count = 0;
        double total = 0;
        // The likeliest has weight 1, so min-p is a weight.
        while (count < most && total < mass && _heap.TryTake(out int id) && (count == 0 || _weights[id] >= options.MinP))
        {
            _kept[count++] = id;
            total += _weights[id];
        }

        double target = draw * total;
        double below = 0;
        for (int i = 0; i < count; i++)
        {
            below += _weights[_kept[i]];
            if (below > target)
                return _kept[i];
        }

        return _kept[count - 1];
    }

    // Weight of the likeliest tokens, most of them: what top-p is a share of.
    private double MassOf(int most)
    {
        double mass = 0;
        if (most == vocabulary)
        {
            foreach (float weight in _weights)
                mass += weight;
            return mass;
        }

        _heap.Fill(_weights);
        while (most-- > 0 && _heap.TryTake(out int id))
            mass += _weights[id];
        return mass;
    }
}
