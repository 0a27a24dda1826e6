using Sluice.Engine.Speculation;

namespace Sluice.Engine.Measuring;

/// <summary>Guesses wrong on purpose: what speculation costs where it brings nothing. Greedy only.</summary>
/// <param name="inner">Does its work first, so that it costs what a real one costs; null for guesses that cost nothing.</param>
/// <param name="vocabulary">Ids are below this.</param>
internal sealed class SpoilingDrafter(IDrafter? inner, int vocabulary) : IDrafter
{
    public int Behind(Draft draft) => inner?.Behind(draft) ?? 0;

    public int Guess(ReadOnlySpan<Draft> drafts)
    {
        int computed = inner?.Guess(drafts) ?? 0;
        foreach (Draft draft in drafts)
        {
            if (inner is null)
                draft.Count = draft.Wanted;
            for (int i = 0; i < draft.Count; i++)
            {
                ref int guess = ref draft.Tokens[draft.Length + i];
                guess = ((inner is null ? draft.Tokens[draft.Length + i - 1] : guess) + 1) % vocabulary;
            }
        }

        return computed;
    }

    public void Settle(Draft draft, int accepted) => inner?.Settle(draft, 0);

    public void Release(Draft draft) => inner?.Release(draft);

    public void Dispose() => inner?.Dispose();
}
