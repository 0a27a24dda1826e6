using System.Buffers;

namespace Sluice.Engine.Tokens;

/// <summary>
/// The merging of byte-pair encoding: again and again the pair of the lowest rank, leftmost first, until none merges.
/// Short words by scanning, long ones by a queue in n log n. Immutable.
/// </summary>
internal sealed class BpeMerger(PairTable merges)
{
    private const int ScanLimit = 48;

    /// <summary>Merges in place and returns how many symbols are left at the front.</summary>
    public int Merge(Span<int> symbols) => symbols.Length <= ScanLimit ? MergeShort(symbols) : MergeLong(symbols);

    private int MergeShort(Span<int> symbols)
    {
        int count = symbols.Length;
        // (count - 1): rank and merged id of each adjacent pair
        Span<ulong> pairs = stackalloc ulong[ScanLimit];
        for (int i = 0; i + 1 < count; i++)
            pairs[i] = merges.Find(symbols[i], symbols[i + 1]);

        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i < count - 1; i++)
            {
                // Equal ranks are equal pairs, so the first of equals is the leftmost.
                if (pairs[i] < pairs[best])
                    best = i;
            }

            if (pairs[best] == ulong.MaxValue)
                break;
            symbols[best] = (int)(uint)pairs[best];
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            pairs[(best + 1)..(count - 1)].CopyTo(pairs[best..]);
            count--;
            if (best > 0)
                pairs[best - 1] = merges.Find(symbols[best - 1], symbols[best]);
            if (best + 1 < count)
                pairs[best] = merges.Find(symbols[best], symbols[best + 1]);
        }

        return count;
    }

    private int MergeLong(Span<int> symbols)
    {
        int count = symbols.Length;
        int[] links = ArrayPool<int>.Shared.Rent(2 * count);
        Span<int> previous = links.AsSpan(0, count);
        Span<int> next = links.AsSpan(count, count);
        // Element: merged id. Priority: rank << 32 | position of the left symbol.
        PriorityQueue<int, ulong> queue = new(InitialPairs(symbols, previous, next));

        while (queue.TryDequeue(out int merged, out ulong priority))
        {
            int left = (int)(uint)priority;
            int right = next[left];
            // A queued pair is stale once one of its halves was merged into something else.
            if (symbols[left] < 0 || right == count || merges.Find(symbols[left], symbols[right]) is ulong found
                && (found == ulong.MaxValue || (int)(uint)found != merged))
                continue;

            symbols[left] = merged;
            symbols[right] = -1;
            int after = next[right];
            next[left] = after;
            if (after < count)
            {
                previous[after] = left;
                Enqueue(queue, merges.Find(merged, symbols[after]), left);
            }

            int before = previous[left];
            if (before >= 0)
                Enqueue(queue, merges.Find(symbols[before], merged), before);
        }

        int kept = 0;
        for (int i = 0; i < count; i = next[i])
            symbols[kept++] = symbols[i];
        ArrayPool<int>.Shared.Return(links);
        return kept;
    }

    private List<(int Merged, ulong Priority)> InitialPairs(Span<int> symbols, Span<int> previous, Span<int> next)
    {
        List<(int, ulong)> pairs = new(symbols.Length);
        for (int i = 0; i < symbols.Length; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1;
            ulong pair = i + 1 < symbols.Length ? merges.Find(symbols[i], symbols[i + 1]) : ulong.MaxValue;
            if (pair != ulong.MaxValue)
                pairs.Add(((int)(uint)pair, Priority(pair, i)));
        }

        return pairs;
    }

    private static void Enqueue(PriorityQueue<int, ulong> queue, ulong pair, int position)
    {
        if (pair != ulong.MaxValue)
            queue.Enqueue((int)(uint)pair, Priority(pair, position));
    }

    private static ulong Priority(ulong pair, int position) => (pair & 0xFFFFFFFF00000000) | (uint)position;
}
