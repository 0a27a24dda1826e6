namespace Sluice.Engine.Sampling;

/// <summary>
/// Makes tokens that were seen less likely. Repetition (prompt and generated): a positive logit is divided by it, another multiplied. Frequency and presence
/// (generated only): logit − frequency × count − presence.
/// </summary>
internal sealed class Penalties(int vocabulary)
{
    private readonly int[] _counts = new int[vocabulary]; // (vocabulary): all 0 between calls

    public static bool Any(SamplingOptions options) =>
        options.RepetitionPenalty != 1 || options.FrequencyPenalty != 0 || options.PresencePenalty != 0;

    /// <param name="logits">(vocabulary), changed in place.</param>
    /// <param name="tokens">Prompt, then generated.</param>
    /// <param name="promptLength">How many are the prompt's.</param>
    /// <param name="options">The three penalties.</param>
    public void Apply(Span<float> logits, ReadOnlySpan<int> tokens, int promptLength, SamplingOptions options)
    {
        // A count of -1 says that the token has been dealt with.
        foreach (int id in tokens[promptLength..])
            _counts[id]++;
        foreach (int id in tokens)
        {
            int generated = _counts[id];
            if (generated < 0)
                continue;
            _counts[id] = -1;
            float logit = logits[id];
            if (options.RepetitionPenalty != 1)
                logit = logit > 0 ? logit / options.RepetitionPenalty : logit * options.RepetitionPenalty;
            if (generated > 0)
                logit -= (options.FrequencyPenalty * generated) + options.PresencePenalty;
            logits[id] = logit;
        }

        foreach (int id in tokens)
            _counts[id] = 0;
    }
}
