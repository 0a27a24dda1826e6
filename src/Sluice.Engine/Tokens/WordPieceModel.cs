namespace Sluice.Engine.Tokens;

/// <summary>Greedy longest match from the left; a word that does not come out whole is unknown.</summary>
internal sealed class WordPieceModel : WordModel
{
    private readonly Vocabulary _vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _continuing;
    private readonly int _unknown;
    private readonly int _longestWord;
    private readonly int _longestToken; // in characters: what is tried at one place

    // prefix: what marks a token that continues a word
    // longestWord: in code points; a longer word is unknown
    public WordPieceModel(Vocabulary vocabulary, int unknown, string prefix, int longestWord)
    {
        _vocabulary = vocabulary;
        _unknown = unknown;
        _longestWord = longestWord;
        Dictionary<string, int> continuing = new(StringComparer.Ordinal);
        foreach ((string text, int id) in vocabulary.Entries)
        {
            _longestToken = Math.Max(_longestToken, text.Length);
            if (text.StartsWith(prefix, StringComparison.Ordinal))
                continuing[text[prefix.Length..]] = id;
        }

        _continuing = continuing.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    protected override void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        int before = ids.Count;
        int start = CodePoints(word) > _longestWord ? -1 : 0;
        while (start >= 0 && start < word.Length)
        {
            int end = Math.Min(word.Length, start + _longestToken);
            int id = -1;
            while (end > start && !(start == 0 ? _vocabulary.TryGet(word[..end], out id) : _continuing.TryGetValue(word[start..end], out id)))
                end--;
            start = end > start ? end : -1;
            ids.Add(id);
        }

        if (start >= 0)
            return;
        ids.RemoveRange(before, ids.Count - before);
        ids.Add(_unknown);
    }

    private static int CodePoints(ReadOnlySpan<char> word)
    {
        int count = 0;
        foreach (char c in word)
            count += char.IsLowSurrogate(c) ? 0 : 1;
        return count;
    }
}
