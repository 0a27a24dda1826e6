namespace Sluice.Engine.Tokens;

/// <summary>
/// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,k}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>:
/// the family of cl100k, Llama 3 and Qwen.
/// </summary>
/// <param name="digits">k, the most digits in a piece.</param>
/// <param name="letters">The class in the place of \p{L}: letters, or letters and marks.</param>
internal sealed class Cl100kPattern(int digits, CharClass letters) : TilingPattern
{
    private readonly CharClass _named = letters | CharClass.Number | CharClass.Space;

    protected override int MatchAt(ReadOnlySpan<char> text, int index)
    {
        int contraction = Contractions.Length(text, index, ignoreCase: true);
        if (contraction > 0)
            return index + contraction;

        CharClass kind = CharClasses.At(text, index, out int width);
        if ((kind & letters) != 0)
            return CharClasses.SkipAny(text, index, letters);
        if ((kind & CharClass.Number) != 0)
            return MatchDigits(text, index, digits);

        char first = text[index];
        int next = index + width;
        if (first is not ('\r' or '\n') && next < text.Length && (CharClasses.At(text, next, out _) & letters) != 0)
            return CharClasses.SkipAny(text, next, letters);

        int symbols = first == ' ' ? next : index;
        if (symbols < text.Length && (CharClasses.At(text, symbols, out _) & _named) == 0)
            return SkipLineBreaks(text, CharClasses.SkipNone(text, symbols, _named));

        int lines = MatchLineBreaks(text, index);
        return lines > index ? lines : MatchSpaces(text, index);
    }

    internal static int MatchDigits(ReadOnlySpan<char> text, int index, int most)
    {
        for (int taken = 0; taken < most && index < text.Length; taken++)
        {
            if ((CharClasses.At(text, index, out int width) & CharClass.Number) == 0)
                break;
            index += width;
        }

        return index;
    }
}
