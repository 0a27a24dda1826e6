namespace Sluice.Service.Cache;

/// <summary>What a piece of a text is to the guard.</summary>
internal enum GuardKind
{
    /// <summary>Lower case; may be dropped or rewritten.</summary>
    Word,

    /// <summary>Lower case, written with a capital where a plain word has none.</summary>
    Name,

    /// <summary>A number, unit, quotation, address, path or piece of code, as written.</summary>
    Literal,
}

/// <summary>A piece of a text.</summary>
internal readonly record struct GuardToken(GuardKind Kind, string Text)
{
    public bool Is(string word) => Kind == GuardKind.Word && Text == word;
}

/// <summary>
/// The clauses between two line ends or labels (<c>Ticket:</c>), in order. <see cref="SentenceEnds"/> holds the indices of clauses after which a
/// sentence ends, <see cref="Asked"/> those of them that a question mark ends; between the others stands a comma, bracket or dash.
/// </summary>
internal sealed class GuardLine
{
    public List<List<GuardToken>> Clauses { get; } = [];
    public HashSet<int> SentenceEnds { get; } = [];
    public HashSet<int> Asked { get; } = [];
}
