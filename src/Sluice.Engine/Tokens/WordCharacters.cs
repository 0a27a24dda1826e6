using System.Globalization;

namespace Sluice.Engine.Tokens;

/// <summary>\w: letters, marks, decimal and letter numbers, connectors.</summary>
internal static class WordCharacters
{
    public static bool At(ReadOnlySpan<char> text, int index, out int width)
    {
        CharClass kind = CharClasses.At(text, index, out width);
        if ((kind & (CharClass.Letter | CharClass.Mark)) != 0)
            return true;
        if ((kind & (CharClass.Number | CharClass.Punctuation)) == 0)
            return false;
        int value = width == 1 ? text[index] : char.ConvertToUtf32(text[index], text[index + 1]);
        return CharUnicodeInfo.GetUnicodeCategory(value)
            is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
    }

    public static bool EndsBefore(ReadOnlySpan<char> text, int end)
    {
        if (end == 0)
            return false;
        int index = char.IsLowSurrogate(text[end - 1]) ? end - 2 : end - 1;
        return At(text, index, out _);
    }

    public static bool StartsAt(ReadOnlySpan<char> text, int start) => start < text.Length && At(text, start, out _);
}
