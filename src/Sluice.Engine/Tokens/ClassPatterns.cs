using System.Buffers;

namespace Sluice.Engine.Tokens;

/// <summary>A literal string.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    public override bool Find(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        int found = text[from..].IndexOf(literal, StringComparison.Ordinal);
        start = from + Math.Max(found, 0);
        end = start + literal.Length;
        return found >= 0;
    }
}

/// <summary>A run of 1 to <paramref name="most"/> code points of the given classes.</summary>
internal sealed class ClassRunPattern(CharClass classes, int most) : TextPattern
{
    public override bool Find(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        start = CharClasses.SkipNone(text, from, classes);
        end = start;
        for (int taken = 0; taken < most && end < text.Length; taken++)
        {
            if ((CharClasses.At(text, end, out int width) & classes) == 0)
                break;
            end += width;
        }

        return end > start;
    }
}

/// <summary>A run of 1 to <paramref name="most"/> chars out of a set of basic-plane characters.</summary>
internal sealed class CharRunPattern(SearchValues<char> set, int most) : TextPattern
{
    public override bool Find(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        int found = text[from..].IndexOfAny(set);
        start = found < 0 ? text.Length : from + found;
        int limit = (int)Math.Min((long)start + most, text.Length);
        int run = text[start..limit].IndexOfAnyExcept(set);
        end = run < 0 ? limit : start + run;
        return end > start;
    }
}

/// <summary><c>\w+|[^\w\s]+</c>: runs of word characters, and runs of what is neither word nor space.</summary>
internal sealed class WordOrSymbolPattern : TextPattern
{
    public override bool Find(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        start = CharClasses.SkipAny(text, from, CharClass.Space);
        end = start;
        if (start == text.Length)
            return false;
        bool word = WordCharacters.At(text, start, out _);
        while (end < text.Length && WordCharacters.At(text, end, out int width) == word
            && (CharClasses.At(text, end, out _) & CharClass.Space) == 0)
            end += width;
        return true;
    }
}

/// <summary>Punctuation as BERT means it: every ASCII mark, symbols included, and \p{P}; one character a match.</summary>
internal sealed class PunctuationPattern : TextPattern
{
    public override bool Find(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        start = from;
        end = from;
        while (start < text.Length)
        {
            CharClass kind = CharClasses.At(text, start, out int width);
            end = start + width;
            if ((kind & CharClass.Punctuation) != 0 || (text[start] < 128 && (kind & CharClass.Symbol) != 0))
                return true;
            start = end;
        }

        return false;
    }
}
