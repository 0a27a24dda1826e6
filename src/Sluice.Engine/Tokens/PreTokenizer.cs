namespace Sluice.Engine.Tokens;

/// <summary>One step from text to words. Immutable.</summary>
internal abstract class PreTokenizerStep
{
    public abstract void Split(TextPiece piece, PieceStart start, List<TextPiece> pieces);
}

/// <summary>The steps in order: each step splits what the one before it left.</summary>
internal sealed class PreTokenizer(IReadOnlyList<PreTokenizerStep> steps)
{
    public void Split(string text, PieceStart start, List<TextPiece> pieces)
    {
        pieces.Add(TextPiece.Of(text));
        if (steps.Count == 0)
            return;

        List<TextPiece> input = [];
        foreach (PreTokenizerStep step in steps)
        {
            input.Clear();
            input.AddRange(pieces);
            pieces.Clear();
            for (int i = 0; i < input.Count; i++)
                step.Split(input[i], i == 0 ? start : PieceStart.AfterToken, pieces);
        }
    }
}
