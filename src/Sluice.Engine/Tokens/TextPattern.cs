namespace Sluice.Engine.Tokens;

/// <summary>
/// A pattern of a pre-tokenizer as a hand-written scanner: one pass, no backtracking engine. Text holds no lone surrogates. Immutable.
/// </summary>
internal abstract class TextPattern
{
    /// <summary>Finds the first match at or after <paramref name="from"/>; a match is never empty.</summary>
    public abstract bool Find(ReadOnlySpan<char> text, int from, out int start, out int end);
}

/// <summary>A pattern that tiles: whatever stands at an index, some alternative matches there.</summary>
internal abstract class TilingPattern : TextPattern
{
    public sealed override bool Find(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        start = from;
        end = from;
        if (from >= text.Length)
            return false;
        end = MatchAt(text, from);
        return true;
    }

    /// <summary>The end of the match at <paramref name="index"/>; greater than it.</summary>
    protected abstract int MatchAt(ReadOnlySpan<char> text, int index);

    /// <summary>The end of <c>\s+(?!\S)|\s+</c> at an index that holds white space.</summary>
    internal static int MatchSpaces(ReadOnlySpan<char> text, int index)
    {
        int end = CharClasses.SkipAny(text, index, CharClass.Space);
        // The run gives its last space to the word that follows, unless it is the only one. White space is one char wide.
        return end == text.Length || end == index + 1 ? end : end - 1;
    }

    /// <summary>The end of <c>\s*[\r\n]+</c> at <paramref name="index"/>, or the index itself where it does not match.</summary>
    internal static int MatchLineBreaks(ReadOnlySpan<char> text, int index)
    {
        int end = CharClasses.SkipAny(text, index, CharClass.Space);
        return index + text[index..end].LastIndexOfAny('\r', '\n') + 1;
    }

    /// <summary>The end of <c>[\r\n]*</c> at <paramref name="index"/>.</summary>
    internal static int SkipLineBreaks(ReadOnlySpan<char> text, int index)
    {
        while (index < text.Length && text[index] is '\r' or '\n')
            index++;
        return index;
    }
}
