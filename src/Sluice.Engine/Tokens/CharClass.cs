using System.Globalization;

namespace Sluice.Engine.Tokens;

/// <summary>What a code point is, in the classes that pre-tokenizer patterns name.</summary>
[Flags]
internal enum CharClass : byte
{
    None = 0,
    /// <summary>\p{L}</summary>
    Letter = 1,
    /// <summary>\p{N}</summary>
    Number = 2,
    /// <summary>\s, the White_Space property</summary>
    Space = 4,
    /// <summary>\p{M}</summary>
    Mark = 8,
    /// <summary>\p{Lu} or \p{Lt}</summary>
    Upper = 16,
    /// <summary>\p{Ll}</summary>
    Lower = 32,
    /// <summary>\p{P}</summary>
    Punctuation = 64,
    /// <summary>\p{S}</summary>
    Symbol = 128,
}

/// <summary>Classes of code points in UTF-16 text that holds no lone surrogate.</summary>
internal static class CharClasses
{
    private static readonly CharClass[] s_basicPlane = BuildBasicPlane();

    /// <summary>The class of the code point at <paramref name="index"/>, which takes <paramref name="width"/> chars (1 or 2).</summary>
    public static CharClass At(ReadOnlySpan<char> text, int index, out int width)
    {
        char first = text[index];
        if (!char.IsHighSurrogate(first))
        {
            width = 1;
            return s_basicPlane[first];
        }

        width = 2;
        return Of(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(first, text[index + 1])));
    }

    public static CharClass Of(char value) => s_basicPlane[value];

    /// <summary>The first index at or after <paramref name="index"/> whose code point is in none of <paramref name="classes"/>.</summary>
    public static int SkipAny(ReadOnlySpan<char> text, int index, CharClass classes)
    {
        while (index < text.Length && (At(text, index, out int width) & classes) != 0)
            index += width;
        return index;
    }

    /// <summary>The first index at or after <paramref name="index"/> whose code point is in one of <paramref name="classes"/>.</summary>
    public static int SkipNone(ReadOnlySpan<char> text, int index, CharClass classes)
    {
        while (index < text.Length && (At(text, index, out int width) & classes) == 0)
            index += width;
        return index;
    }

    private static CharClass[] BuildBasicPlane()
    {
        CharClass[] classes = new CharClass[char.MaxValue + 1];
        for (int c = 0; c <= char.MaxValue; c++)
            classes[c] = Of(CharUnicodeInfo.GetUnicodeCategory((char)c)) | (char.IsWhiteSpace((char)c) ? CharClass.Space : CharClass.None);
        return classes;
    }

    private static CharClass Of(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => CharClass.Letter | CharClass.Upper,
        UnicodeCategory.LowercaseLetter => CharClass.Letter | CharClass.Lower,
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharClass.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharClass.Number,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => CharClass.Mark,
        >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation => CharClass.Punctuation,
        >= UnicodeCategory.MathSymbol and <= UnicodeCategory.OtherSymbol => CharClass.Symbol,
        _ => CharClass.None,
    };
}
