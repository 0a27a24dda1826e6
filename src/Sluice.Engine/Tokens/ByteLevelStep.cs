namespace Sluice.Engine.Tokens;

/// <summary>
/// The text part of byte-level pre-tokenization: an optional leading space and the GPT-2 words.
/// The step from characters to bytes belongs to <see cref="ByteLevelBpe"/>.
/// </summary>
internal sealed class ByteLevelStep(bool addPrefixSpace, bool splitWords) : PreTokenizerStep
{
    private static readonly SplitStep s_words = new(new Gpt2Pattern(), SplitBehavior.Isolated, invert: false);

    public override void Split(TextPiece piece, PieceStart start, List<TextPiece> pieces)
    {
        if (addPrefixSpace && start != PieceStart.Continuation && piece.Text[piece.Start] != ' ')
            piece = TextPiece.Of(string.Concat(" ", piece.Span));
        if (splitWords)
            s_words.Split(piece, start, pieces);
        else
            pieces.Add(piece);
    }
}
