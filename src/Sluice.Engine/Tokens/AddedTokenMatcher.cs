using System.Buffers;

namespace Sluice.Engine.Tokens;

/// <summary>Finds added tokens in text: the leftmost, and of those the longest. Immutable.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<char> _first;
    // The trie: (node, char) to node; node 0 is the root.
    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly Dictionary<int, AddedToken> _ends = [];

    /// <param name="tokens">Each token with the text that stands for it.</param>
    public AddedTokenMatcher(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        HashSet<char> first = [];
        int nodes = 1;
        foreach ((string text, AddedToken token) in tokens)
        {
            if (text.Length == 0)
                continue;
            first.Add(text[0]);
            int node = 0;
            foreach (char c in text)
            {
                if (!_edges.TryGetValue((node, c), out int next))
                    _edges[(node, c)] = next = nodes++;
                node = next;
            }

            _ends[node] = token;
        }

        _first = SearchValues.Create([.. first]);
    }

    public bool IsEmpty => _edges.Count == 0;

    /// <summary>The next token at or after <paramref name="from"/>, as <c>[start, end)</c> with the white space it takes along.</summary>
    public bool Find(ReadOnlySpan<char> text, int from, out int start, out int end, out int id)
    {
        for (int index = from; index < text.Length; index++)
        {
            int skip = text[index..].IndexOfAny(_first);
            if (skip < 0)
                break;
            index += skip;
            if (Longest(text, index, out end) is not AddedToken token || !FitsWords(text, index, end, token))
                continue;

            start = token.StripLeft ? from + text[from..index].TrimEnd().Length : index;
            if (token.StripRight)
                end = text.Length - text[end..].TrimStart().Length;
            id = token.Id;
            return true;
        }

        start = end = text.Length;
        id = -1;
        return false;
    }

    private AddedToken? Longest(ReadOnlySpan<char> text, int index, out int end)
    {
        AddedToken? longest = null;
        end = index;
        int node = 0;
        for (int i = index; i < text.Length && _edges.TryGetValue((node, text[i]), out node); i++)
        {
            if (_ends.TryGetValue(node, out AddedToken? token))
            {
                longest = token;
                end = i + 1;
            }
        }

        return longest;
    }

    private static bool FitsWords(ReadOnlySpan<char> text, int start, int end, AddedToken token) =>
        !token.SingleWord || (!WordCharacters.EndsBefore(text, start) && !WordCharacters.StartsAt(text, end));
}
