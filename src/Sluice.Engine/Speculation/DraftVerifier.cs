using Sluice.Engine.Sampling;

namespace Sluice.Engine.Speculation;

/// <summary>
/// Picks the token of a row that a guess may stand for. The guess stands if and only if the token is equal to it: greedy, and with a seed, the token is the
/// one that is picked without guesses, so speculation changes nothing. Without a seed, guesses that were drawn go by the rejection rule, which keeps the
/// distribution; a guess that was not drawn stands with the probability of its id under either rule.
/// </summary>
internal sealed class DraftVerifier(Sampler sampler)
{
    /// <param name="logits">(vocabulary) of the row before the token.</param>
    /// <param name="options">Of the sequence.</param>
    /// <param name="tokens">Prompt and all tokens so far, those accepted in this step included.</param>
    /// <param name="promptLength">How many are the prompt's.</param>
    /// <param name="seed">Of the sequence.</param>
    /// <param name="draft">Null where nothing is guessed.</param>
    /// <param name="index">Which guess stands at this position; one past the last for the step's own token.</param>
    /// <param name="planned">How many guesses are in the step.</param>
    public int Next(
        ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> tokens, int promptLength, long seed, Draft? draft, int index, int planned) =>
        index < planned && draft is { Drawn: true, Chances.Length: > 0 }
            ? sampler.Accept(logits, options, tokens, promptLength, seed, draft.Tokens[draft.Length + index], draft.Chances[index])
            : sampler.Pick(logits, options, tokens, promptLength, seed);
}
