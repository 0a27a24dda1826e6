using Sluice.Engine;

namespace Sluice.Tuning.Tickets;

/// <summary>How often a small model guesses what a large one says, token by token, given all that the large one has said before.</summary>
/// <param name="Tokens">How many were guessed, the ends of answers included.</param>
/// <param name="Share">Share of them guessed right, from 0 to 1.</param>
/// <param name="TokensPerStep">What a step of the large model comes to on the average where <see cref="DraftLength"/> tokens are drafted for it: those accepted, and one of its own.</param>
public sealed record DraftAgreement(int Tokens, double Share, double TokensPerStep)
{
    public const int DraftLength = 4;

    /// <param name="draft">Of the same tokenizer as the large model.</param>
    /// <param name="answers">Prompts, and the ids that the large model greedily said after them, its end id included.</param>
    internal static async Task<DraftAgreement> MeasureAsync(IEngine draft, IReadOnlyList<(int[] Prompt, int[] Said)> answers, CancellationToken cancellationToken)
    {
        int tokens = 0, right = 0, steps = 0;
        foreach ((int[] prompt, int[] said) in answers)
        {
            EngineResult[] guesses = await Task.WhenAll(Enumerable.Range(0, said.Length).Select(at => draft.RunAsync(
                new EngineRequest { Scope = default, Kind = SequenceKind.Generate, Prompt = [.. prompt, .. said.AsSpan(0, at)], MaxTokens = 1, IgnoreEnd = true },
                cancellationToken)));
            bool[] hits = [.. guesses.Select((guess, at) => guess.Tokens[0] == said[at])];
            tokens += hits.Length;
            right += hits.Count(hit => hit);
            steps += Steps(hits);
        }
        return new DraftAgreement(tokens, (double)right / tokens, (double)tokens / steps);
    }

    /// <summary>Steps that it takes to say a text: each says the drafted tokens up to the first wrong guess, and the one after them.</summary>
    internal static int Steps(ReadOnlySpan<bool> hits)
    {
        int steps = 0;
        for (int at = 0; at < hits.Length; steps++)
        {
            int accepted = hits.Slice(at, Math.Min(DraftLength, hits.Length - at)).IndexOf(false);
            at += 1 + (accepted < 0 ? DraftLength : accepted);
        }
        return steps;
    }
}
