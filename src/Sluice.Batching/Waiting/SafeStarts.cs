namespace Sluice.Batching.Waiting;

/// <summary>Jobs with a deadline to make in a heap by safe start, earliest on top; each knows its place. Ten times smaller than a tree.</summary>
internal sealed class SafeStarts
{
    private readonly List<Entry> _heap = [];

    public int Count => _heap.Count;

    public Entry this[int index] => _heap[index];

    public void Add(Entry entry)
    {
        _heap.Add(entry);
        Rise(entry, _heap.Count - 1);
    }

    public void Remove(Entry entry)
    {
        int at = entry.SafeIndex;
        Entry last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        entry.SafeIndex = -1;
        if (last == entry) return;
        Rise(last, at);
        if (last.SafeIndex == at) Sink(last, at);
    }

    /// <summary>
    /// Jobs whose safe start is at most <paramref name="until"/>, in no order, at most so many. <paramref name="next"/> is the earliest safe start after that,
    /// <see cref="long.MaxValue"/> for none, and <paramref name="until"/> itself where there were more.
    /// </summary>
    public List<Entry> Until(long until, int most, out long next)
    {
        List<Entry> found = [];
        next = long.MaxValue;
        if (_heap.Count > 0) Visit(0, until, most, found, ref next);
        return found;
    }

    private void Visit(int at, long until, int most, List<Entry> found, ref long next)
    {
        long start = _heap[at].SafeStart;
        if (start > until || found.Count == most)
        {
            next = Math.Min(next, Math.Max(start, until));
            return;
        }
        found.Add(_heap[at]);
        for (int child = 2 * at + 1; child <= 2 * at + 2 && child < _heap.Count; child++) Visit(child, until, most, found, ref next);
    }

    private void Rise(Entry entry, int at)
    {
        while (at > 0 && Before(entry, _heap[(at - 1) / 2]))
        {
            Put(_heap[(at - 1) / 2], at);
            at = (at - 1) / 2;
        }
        Put(entry, at);
    }

    private void Sink(Entry entry, int at)
    {
        while (2 * at + 1 is var child && child < _heap.Count)
        {
            if (child + 1 < _heap.Count && Before(_heap[child + 1], _heap[child])) child++;
            if (!Before(_heap[child], entry)) break;
            Put(_heap[child], at);
            at = child;
        }
        Put(entry, at);
    }

    private void Put(Entry entry, int at)
    {
        _heap[at] = entry;
        entry.SafeIndex = at;
    }

    private static bool Before(Entry a, Entry b) => a.SafeStart != b.SafeStart ? a.SafeStart < b.SafeStart : a.Number < b.Number;
}
