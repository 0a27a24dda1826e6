using System.Buffers;
using System.Text.RegularExpressions;

namespace Sluice.Service.Intake;

/// <summary>What is wrong with a text, in words; null where nothing is.</summary>
internal static partial class TextRules
{
    private static readonly SearchValues<char> s_suspects = SearchValues.Create([.. Enumerable.Range(0xD800, 0x800).Select(c => (char)c), '\0']);

    /// <summary>Every text must be one that Postgres and UTF-8 can hold: no U+0000, no surrogate without its other half.</summary>
    public static string? Fault(string text)
    {
        int at = text.AsSpan().IndexOfAny(s_suspects);
        while (at >= 0)
        {
            char c = text[at];
            if (c == '\0')
            {
                return $"must not contain U+0000; found at character {at}";
            }
            if (!char.IsHighSurrogate(c) || at + 1 >= text.Length || !char.IsLowSurrogate(text[at + 1]))
            {
                return $"must not contain a lone surrogate; found U+{(int)c:X4} at character {at}";
            }
            int next = text.AsSpan(at + 2).IndexOfAny(s_suspects);
            at = next < 0 ? -1 : at + 2 + next;
        }
        return null;
    }

    public static bool IsNamespace(string text) => NamespacePattern().IsMatch(text);

    public static bool IsConversation(string text) => ConversationPattern().IsMatch(text);

    /// <summary>The text for an error message: no longer than 64 characters and printable.</summary>
    public static string Quote(string text)
    {
        string shown = text.Length > 64 ? string.Concat(text.AsSpan(0, 61), "...") : text;
        return $"'{string.Concat(shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c))}'";
    }

    /// <summary>1 to 255 printable ASCII characters.</summary>
    public static bool IsKey(string text) => text.Length is >= 1 and <= 255 && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex NamespacePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9._:-]{1,128}\z")]
    private static partial Regex ConversationPattern();
}
