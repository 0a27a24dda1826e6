namespace Sluice.Engine.Tokens;

/// <summary>
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>
/// </summary>
internal sealed class Gpt2Pattern : TilingPattern
{
    public const string Regex = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const CharClass Named = CharClass.Letter | CharClass.Number | CharClass.Space;

    protected override int MatchAt(ReadOnlySpan<char> text, int index)
    {
        int contraction = Contractions.Length(text, index, ignoreCase: false);
        if (contraction > 0)
            return index + contraction;

        int word = text[index] == ' ' && index + 1 < text.Length ? index + 1 : index;
        CharClass kind = CharClasses.At(text, word, out _);
        if ((kind & CharClass.Space) != 0)
            return MatchSpaces(text, index);
        if ((kind & CharClass.Letter) != 0)
            return CharClasses.SkipAny(text, word, CharClass.Letter);
        if ((kind & CharClass.Number) != 0)
            return CharClasses.SkipAny(text, word, CharClass.Number);
        return CharClasses.SkipNone(text, word, Named);
    }
}
