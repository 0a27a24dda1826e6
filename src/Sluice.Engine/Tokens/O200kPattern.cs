namespace Sluice.Engine.Tokens;

/// <summary>
/// The family of o200k and Tekken. With P = <c>[^\r\n\p{L}\p{N}]?</c>, U = <c>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</c>,
/// W = <c>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</c> and C the endings of <see cref="Contractions"/>:
/// <c>PU*W+C?|PU+W*C?|\p{N}{1,k}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>
/// </summary>
internal sealed class O200kPattern(int digits, bool contractions) : TilingPattern
{
    private const CharClass Named = CharClass.Letter | CharClass.Number | CharClass.Space;

    protected override int MatchAt(ReadOnlySpan<char> text, int index)
    {
        int word = MatchWord(text, index);
        if (word > index)
            return contractions ? word + Contractions.Length(text, word, ignoreCase: true) : word;

        CharClass kind = CharClasses.At(text, index, out int width);
        if ((kind & CharClass.Number) != 0)
            return Cl100kPattern.MatchDigits(text, index, digits);

        int symbols = text[index] == ' ' ? index + width : index;
        if (symbols < text.Length && (CharClasses.At(text, symbols, out _) & Named) == 0)
        {
            int end = CharClasses.SkipNone(text, symbols, Named);
            while (end < text.Length && text[end] is '\r' or '\n' or '/')
                end++;
            return end;
        }

        int lines = MatchLineBreaks(text, index);
        return lines > index ? lines : MatchSpaces(text, index);
    }

    /// <summary>The two word alternatives, each with its prefix and then without; the index itself where none matches.</summary>
    private static int MatchWord(ReadOnlySpan<char> text, int index)
    {
        CharClass kind = CharClasses.At(text, index, out int width);
        bool prefixed = (kind & (CharClass.Letter | CharClass.Number)) == 0 && text[index] is not ('\r' or '\n');
        int after = index + width;

        int end = prefixed ? MatchLowerEnding(text, after) : after;
        if (prefixed && end > after)
            return end;
        end = MatchLowerEnding(text, index);
        if (end > index)
            return end;
        end = prefixed ? MatchUpperStart(text, after) : after;
        return prefixed && end > after ? end : MatchUpperStart(text, index);
    }

    /// <summary>U*W+ from an index, or the index where it does not match.</summary>
    private static int MatchLowerEnding(ReadOnlySpan<char> text, int index)
    {
        int upper = index;
        // The end of the last code point of the run that is in both U and W: where U* can give back to W+.
        int lastShared = index;
        while (upper < text.Length)
        {
            CharClass kind = CharClasses.At(text, upper, out int width);
            if (!IsUpperClass(kind))
                break;
            upper += width;
            if (IsLowerClass(kind))
                lastShared = upper;
        }

        int lower = SkipLower(text, upper);
        return lower > upper ? lower : lastShared;
    }

    /// <summary>U+W* from an index, or the index where it does not match.</summary>
    private static int MatchUpperStart(ReadOnlySpan<char> text, int index)
    {
        int upper = index;
        while (upper < text.Length && IsUpperClass(CharClasses.At(text, upper, out int width)))
            upper += width;
        return upper == index ? index : SkipLower(text, upper);
    }

    private static int SkipLower(ReadOnlySpan<char> text, int index)
    {
        while (index < text.Length && IsLowerClass(CharClasses.At(text, index, out int width)))
            index += width;
        return index;
    }

    private static bool IsUpperClass(CharClass kind) =>
        (kind & (CharClass.Letter | CharClass.Mark)) != 0 && (kind & CharClass.Lower) == 0;

    private static bool IsLowerClass(CharClass kind) =>
        (kind & (CharClass.Letter | CharClass.Mark)) != 0 && (kind & CharClass.Upper) == 0;
}
