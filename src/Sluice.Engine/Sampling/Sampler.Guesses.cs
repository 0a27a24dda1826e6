namespace Sluice.Engine.Sampling;

/// <summary>
/// Guesses that are drawn, and the rejection rule for them: a guess drawn from q stands with probability min(1, p / q) of its id; where it falls, the token is
/// drawn from max(0, p − q). So the token is distributed as p, whatever q is (Leviathan et al. 2023). p is what <see cref="Pick"/> draws from.
/// </summary>
internal sealed partial class Sampler
{
    // Numbers of their own for each use: a guess must say nothing about whether it stands, nor about what comes in its place.
    private const long GuessStream = 0x5D0C_7F21_93AB_64E5;
    private const long StandStream = 0x2B9E_48D3_6C17_F80D;

    /// <summary>Draws as <see cref="Pick"/> would, with a number of its own, and notes what it drew from.</summary>
    /// <param name="logits">(vocabulary)</param>
    /// <param name="options">Temperature above 0; TopK from 1 to <see cref="TokenChances.Most"/>.</param>
    /// <param name="tokens">As of <see cref="Pick"/>.</param>
    /// <param name="promptLength">As of <see cref="Pick"/>.</param>
    /// <param name="seed">As of <see cref="Pick"/>.</param>
    /// <param name="chances">Filled in.</param>
    public int Guess(ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> tokens, int promptLength, long seed, TokenChances chances)
    {
        Weigh(logits, options, tokens, promptLength);
        Keep(options);
        chances.Set(_kept.AsSpan(0, _keptCount), _weights.Values, _keptTotal);
        return AtKept(CounterRandom.Uniform(seed ^ GuessStream, tokens.Length));
    }

    /// <summary>The token at position tokens.Length: the guess where it stands, else another.</summary>
    /// <param name="logits">(vocabulary) of the target.</param>
    /// <param name="options">Temperature above 0.</param>
    /// <param name="tokens">As of <see cref="Pick"/>.</param>
    /// <param name="promptLength">As of <see cref="Pick"/>.</param>
    /// <param name="seed">As of <see cref="Pick"/>.</param>
    /// <param name="guess">Drawn by <see cref="Guess"/>.</param>
    /// <param name="chances">From these.</param>
    public int Accept(
        ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> tokens, int promptLength, long seed, int guess, TokenChances chances)
    {
        Weigh(logits, options, tokens, promptLength);
        bool filtered = Filters(options);
        if (filtered)
            Keep(options);
        double total = filtered ? _keptTotal : _weights.Total;
        int last = filtered ? _kept[_keptCount - 1] : -1;
        float least = filtered ? _weights.Values[last] : 0;
        double share = Counts(guess) ? _weights.Values[guess] / total : 0;
        if (CounterRandom.Uniform(seed ^ StandStream, tokens.Length) * chances.Of(guess) < share)
            return guess;

        ReadOnlySpan<int> ids = chances.Ids;
        for (int i = 0; i < ids.Length; i++)
        {
            if (Counts(ids[i]))
                _weights.Lower(ids[i], chances.Shares[i] * total);
        }

        double draw = CounterRandom.Uniform(seed, tokens.Length);
        if (!filtered)
            return _weights.Total > 0 ? _weights.At(draw) : guess;
        _keptTotal = 0;
        for (int i = 0; i < _keptCount; i++)
            _keptTotal += _weights.Values[_kept[i]];
        return _keptTotal > 0 ? AtKept(draw) : guess; // p and q were equal but for rounding

        // What is kept are the heaviest, ties to the lowest id.
        bool Counts(int id)
        {
            float weight = _weights.Values[id];
            return !filtered || weight > least || (weight == least && id <= last);
        }
    }
}
