using System.Runtime.InteropServices;

namespace Sluice.Engine.Tokens;

/// <summary>The step from a word to ids. Shared by threads; what it remembers is only a cache.</summary>
internal abstract class WordModel
{
    private readonly WordCache _cache = new();

    /// <summary>Appends the ids of a word that is not empty.</summary>
    public virtual void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.Length > WordCache.LongestWord)
        {
            EncodeWord(word, ids);
            return;
        }

        if (!_cache.TryGet(word, out int[] known))
        {
            int before = ids.Count;
            EncodeWord(word, ids);
            _cache.Add(word, CollectionsMarshal.AsSpan(ids)[before..].ToArray());
            return;
        }

        ids.AddRange(known);
    }

    protected abstract void EncodeWord(ReadOnlySpan<char> word, List<int> ids);
}
