namespace Sluice.Engine.Tokens;

/// <summary>The English endings <c>'s|'t|'re|'ve|'m|'ll|'d</c>.</summary>
internal static class Contractions
{
    private const char LongS = '\u017F';

    /// <summary>The length in chars of the ending at <paramref name="index"/>, apostrophe included; 0 where there is none.</summary>
    public static int Length(ReadOnlySpan<char> text, int index, bool ignoreCase)
    {
        if (index + 1 >= text.Length || text[index] != '\'')
            return 0;
        char first = Fold(text[index + 1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
            return 2;
        if (index + 2 >= text.Length)
            return 0;
        char second = Fold(text[index + 2], ignoreCase);
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    /// <summary>Unicode case folding knows one letter more than ASCII does here: the long s folds to s.</summary>
    private static char Fold(char value, bool ignoreCase) =>
        !ignoreCase ? value : value == LongS ? 's' : char.IsAsciiLetterUpper(value) ? (char)(value | 0x20) : value;
}
