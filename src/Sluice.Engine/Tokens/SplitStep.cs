namespace Sluice.Engine.Tokens;

/// <summary>What becomes of a match of a splitting pattern.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>Splits at the matches of a pattern; inverted, what lies between the matches is what counts as matched.</summary>
internal sealed class SplitStep(TextPattern pattern, SplitBehavior behavior, bool invert) : PreTokenizerStep
{
    public override void Split(TextPiece piece, PieceStart start, List<TextPiece> pieces)
    {
        ReadOnlySpan<char> text = piece.Span;
        // [pending, position) is text that no piece holds yet.
        int position = 0;
        int pending = 0;
        bool pendingMatched = false;
        while (position < text.Length)
        {
            bool found = pattern.Find(text, position, out int from, out int to);
            if (!found)
                from = to = text.Length;
            if (from > position)
                Take(piece, position, from, invert, pieces, ref pending, ref pendingMatched);
            if (to > from)
                Take(piece, from, to, !invert, pieces, ref pending, ref pendingMatched);
            position = to;
        }

        Add(piece, pending, position, pieces);
    }

    private void Take(TextPiece piece, int from, int to, bool matched, List<TextPiece> pieces, ref int pending, ref bool pendingMatched)
    {
        bool joins = behavior switch
        {
            SplitBehavior.MergedWithPrevious => matched && !pendingMatched,
            SplitBehavior.MergedWithNext => !matched && pendingMatched,
            SplitBehavior.Contiguous => matched == pendingMatched,
            _ => false,
        };
        if (!joins)
        {
            Add(piece, pending, from, pieces);
            pending = from;
        }

        if (matched && behavior == SplitBehavior.Removed)
            pending = to;
        pendingMatched = matched;
    }

    private static void Add(TextPiece piece, int from, int to, List<TextPiece> pieces)
    {
        if (to > from)
            pieces.Add(piece.Slice(from, to));
    }
}
