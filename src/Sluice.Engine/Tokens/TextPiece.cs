namespace Sluice.Engine.Tokens;

/// <summary>A stretch of a text on its way to the model: <c>Text[Start, Start + Length)</c>.</summary>
internal readonly record struct TextPiece(string Text, int Start, int Length)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);

    public TextPiece Slice(int start, int end) => new(Text, Start + start, end - start);

    public static TextPiece Of(string text) => new(text, 0, text.Length);
}

/// <summary>What stands before a piece; it decides whether a leading space may be put there.</summary>
internal enum PieceStart
{
    /// <summary>Nothing: the text begins here.</summary>
    Text,
    /// <summary>An added token, or an earlier piece.</summary>
    AfterToken,
    /// <summary>A prompt that is encoded already; nothing is put before the piece.</summary>
    Continuation,
}
