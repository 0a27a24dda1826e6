namespace Sluice.Engine.Tokens;

/// <summary>
/// With A for the ASCII punctuation: <c>A[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
/// It leaves gaps: digits, and control characters that are no space.
/// </summary>
internal sealed class DeepSeekPattern : TextPattern
{
    // In files the line ends of the classes are the characters themselves, the other escapes are escapes.
    public const string Regex = @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^" + "\r\n" + @"\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+["
        + "\r\n" + @"]*|\s*[" + "\r\n" + @"]+|\s+(?!\S)|\s+";

    private const CharClass Letters = CharClass.Letter | CharClass.Mark;
    private const CharClass Signs = CharClass.Punctuation | CharClass.Symbol;

    public override bool Find(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        for (start = from; start < text.Length; start += char.IsHighSurrogate(text[start]) ? 2 : 1)
        {
            end = MatchAt(text, start);
            if (end > start)
                return true;
        }

        end = start;
        return false;
    }

    /// <summary>The end of the match at an index; the index itself where nothing matches.</summary>
    private static int MatchAt(ReadOnlySpan<char> text, int index)
    {
        CharClass kind = CharClasses.At(text, index, out int width);
        int next = index + width;
        if (char.IsAscii(text[index]) && (kind & Signs) != 0)
        {
            int word = next;
            while (word < text.Length && char.IsAsciiLetter(text[word]))
                word++;
            if (word > next)
                return word;
        }

        if ((kind & Letters) != 0)
            return CharClasses.SkipAny(text, index, Letters);
        CharClass following = next < text.Length ? CharClasses.At(text, next, out _) : CharClass.None;
        if ((kind & Signs) == 0 && text[index] is not ('\r' or '\n') && (following & Letters) != 0)
            return CharClasses.SkipAny(text, next, Letters);
        if ((kind & Signs) != 0 || (text[index] == ' ' && (following & Signs) != 0))
            return TilingPattern.SkipLineBreaks(text, CharClasses.SkipAny(text, next, Signs));
        if ((kind & CharClass.Space) == 0)
            return index;

        int lines = TilingPattern.MatchLineBreaks(text, index);
        return lines > index ? lines : TilingPattern.MatchSpaces(text, index);
    }
}
