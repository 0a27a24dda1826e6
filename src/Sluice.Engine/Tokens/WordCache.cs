using System.Collections.Concurrent;

namespace Sluice.Engine.Tokens;

/// <summary>
/// Ids of recently seen words, for any number of threads. Bounded by two generations: when the young one is full it becomes
/// the old one and the old one is dropped, so a word in use survives.
/// </summary>
internal sealed class WordCache
{
    /// <summary>The longest word kept, in chars.</summary>
    public const int LongestWord = 48;

    private const int GenerationSize = 16_384;

    private volatile Generation _young = new();
    private volatile Generation _old = new();

    public bool TryGet(ReadOnlySpan<char> word, out int[] ids)
    {
        if (_young.BySpan.TryGetValue(word, out ids!))
            return true;
        if (!_old.BySpan.TryGetValue(word, out ids!))
            return false;
        Add(word, ids);
        return true;
    }

    public void Add(ReadOnlySpan<char> word, int[] ids)
    {
        Generation young = _young;
        if (Interlocked.Increment(ref young.Count) > GenerationSize)
        {
            // Two threads that meet here lose at most a generation of cached words.
            _old = young;
            _young = young = new Generation();
        }

        young.BySpan.TryAdd(word, ids);
    }

    private sealed class Generation
    {
        public int Count;

        public ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> BySpan { get; } =
            new ConcurrentDictionary<string, int[]>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }
}
