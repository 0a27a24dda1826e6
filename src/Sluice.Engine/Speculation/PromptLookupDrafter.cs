namespace Sluice.Engine.Speculation;

/// <summary>
/// Guesses that the text goes on as it did where its last tokens stood before, in the prompt or in what was generated. The longest such place wins, the
/// latest of equals. A repetition that reaches the end of the text is continued with itself. Computes nothing and keeps nothing.
/// </summary>
internal sealed class PromptLookupDrafter : IDrafter
{
    private const int Shortest = 2; // tokens that must be equal
    private const int Longest = 8; // more tell no more
    private const int MostPlaces = 32; // looked at, latest first

    public int Behind(Draft draft) => 0;

    public int Guess(ReadOnlySpan<Draft> drafts)
    {
        foreach (Draft draft in drafts)
        {
            draft.Count = 0;
            int next = draft.Wanted > 0 ? Find(draft.Tokens.AsSpan(0, draft.Length)) : -1;
            if (next < 0)
                continue;
            int[] tokens = draft.Tokens;
            for (int i = 0; i < draft.Wanted; i++)
                tokens[draft.Length + i] = tokens[next + i]; // may be a guess of its own
            draft.Count = draft.Wanted;
        }

        return 0;
    }

    public void Settle(Draft draft, int accepted)
    {
    }

    public void Release(Draft draft)
    {
    }

    public void Dispose()
    {
    }

    /// <summary>Where the token after the best earlier place stands; -1 where there is none.</summary>
    internal static int Find(ReadOnlySpan<int> text)
    {
        int last = text[^1];
        int best = Shortest - 1;
        int next = -1;
        ReadOnlySpan<int> before = text[..^1];
        for (int place = 0; place < MostPlaces && best < Longest; place++)
        {
            int at = before.LastIndexOf(last);
            if (at < 0)
                break;
            int equal = 1;
            while (equal < Longest && equal <= at && text[at - equal] == text[^(1 + equal)])
                equal++;
            if (equal > best)
            {
                best = equal;
                next = at + 1;
            }

            before = before[..at];
        }

        return next;
    }
}
