namespace Sluice.Engine.Tokens;

/// <summary>Spaces become a visible mark, one is put in front, and each mark starts a word.</summary>
internal sealed class MetaspaceStep(char mark, MetaspacePrepend prepend, bool split) : PreTokenizerStep
{
    private readonly SplitStep _split = new(new LiteralPattern(mark.ToString()), SplitBehavior.MergedWithNext, invert: false);

    public override void Split(TextPiece piece, PieceStart start, List<TextPiece> pieces)
    {
        string text = piece.Span.ToString().Replace(' ', mark);
        bool first = prepend switch
        {
            MetaspacePrepend.Always => start != PieceStart.Continuation,
            MetaspacePrepend.First => start == PieceStart.Text,
            _ => false,
        };
        if (first && !text.StartsWith(mark))
            text = mark + text;
        if (split)
            _split.Split(TextPiece.Of(text), start, pieces);
        else
            pieces.Add(TextPiece.Of(text));
    }
}

internal enum MetaspacePrepend
{
    Never,
    First,
    Always,
}
