using System.Diagnostics.CodeAnalysis;

namespace Sluice.Batching.Waiting;

/// <summary>
/// A radix tree over the prefixes of what waits and of what ran lately. A mark that several share is stored once, those that only one job has are the job's own.
/// A prefix is warm until as many prompt tokens have been handed over since as <see cref="Sweep"/> was told: then its pages are likely to be another's. The last
/// <see cref="MostWarm"/> are at most: short prompts that share nothing would leave one each, and decisions look at all.
/// </summary>
internal sealed partial class PrefixTree
{
    public const int MostWarm = 4096;
    private const long RootPath = 0x5851F42D4C957F2D;
    private readonly HashSet<PrefixEdge> _edges = new(new ByKey()); // all that have marks
    private readonly HashSet<PrefixEdge>.AlternateLookup<long> _byKey;
    private readonly Dictionary<long, PrefixNode> _roots = []; // by path
    private readonly Queue<(PrefixNode Node, long RanAt)> _ran = new();
    private long _tokens; // of prompts handed over
    private long _kept;

    public PrefixTree() => _byKey = _edges.GetAlternateLookup<long>();

    /// <summary>Roots, prefixes, and jobs with marks of their own.</summary>
    public int Edges => _roots.Count + _edges.Count;

    public void Add(Entry entry, ReadOnlySpan<long> chain)
    {
        PrefixNode node = Root(entry.Job.Scope);
        int at = 0;
        while (at < chain.Length && _byKey.TryGetValue(Mix(node.Path, chain[at]), out PrefixEdge? edge))
        {
            int common = edge.Marks.AsSpan().CommonPrefixLength(chain[at..]);
            if (common == 0) break; // two hashes fell together: it waits alone
            node = edge is PrefixNode whole && common == edge.Marks.Length ? whole : Split(edge, common);
            at += common;
        }
        entry.Marks = chain[at..].ToArray();
        Attach(entry, node);
        for (PrefixNode? above = node; above is not null; above = above.Parent) above.Waiting++;
    }

    public void Remove(Entry entry)
    {
        PrefixNode node = entry.Parent!;
        Detach(entry);
        entry.Marks = [];
        for (PrefixNode? above = node; above is not null; above = above.Parent)
        {
            above.Waiting--;
            if (entry.Number < above.TurnEnds) above.TurnWaits--;
        }
        Tidy(node);
    }

    /// <summary>All marks of a waiting job.</summary>
    public static long[] ChainOf(Entry entry)
    {
        int at = entry.Parent!.Depth + entry.Marks.Length;
        long[] chain = new long[at];
        for (PrefixEdge? edge = entry; edge is not null; edge = edge.Parent)
        {
            at -= edge.Marks.Length;
            edge.Marks.CopyTo(chain, at);
        }
        return chain;
    }

    /// <summary>Takes note that a waiting job is handed over, of whose prompt <paramref name="cached"/> tokens need no computing; it still is in the tree.</summary>
    public void Ran(Entry entry, int cached)
    {
        _tokens += Math.Max(1, entry.Job.PromptTokens - cached);
        PrefixNode leaf = entry.Marks.Length == 0 ? entry.Parent! : Split(entry, entry.Marks.Length);
        if (leaf.IsRoot) return;
        for (PrefixNode node = leaf; !node.IsRoot; node = node.Parent!) node.RanAt = _tokens;
        leaf.Ends++;
        _ran.Enqueue((leaf, _tokens));
    }

    /// <summary>Tokens of the job's prompt that are likely to be in pages already.</summary>
    public int Cached(Entry entry)
    {
        PrefixNode node = entry.Parent!;
        while (!node.IsRoot && IsCold(node)) node = node.Parent!;
        return Shared(entry, node);
    }

    /// <summary>Tokens that the job's prompt shares with all others below the node.</summary>
    public static int Shared(Entry entry, PrefixNode node) => Math.Max(0, Math.Min(entry.Job.PromptTokens - 1, node.Depth * entry.MarkTokens));

    /// <summary>Forgets prefixes that ran more than so many prompt tokens ago.</summary>
    public void Sweep(long kept)
    {
        _kept = kept;
        while (_ran.TryPeek(out (PrefixNode Node, long RanAt) first) && (_ran.Count > MostWarm || _tokens - first.RanAt > kept || first.Node.RanAt != first.RanAt || first.Node.Parent is null))
        {
            _ran.Dequeue();
            first.Node.Ends--;
            if (first.Node.Parent is not null) Tidy(first.Node);
        }
    }

    /// <summary>Ends of the prompts that ran lately, longest ago first.</summary>
    public IEnumerable<PrefixNode> Warm()
    {
        foreach ((PrefixNode node, long ranAt) in _ran)
        {
            if (node.RanAt == ranAt && node.Parent is not null) yield return node;
        }
    }

    /// <summary>All that waits below the node has its turn now: jobs whose number is less than <paramref name="ends"/>.</summary>
    public static void BeginTurn(PrefixNode node, long ends) => (node.TurnEnds, node.TurnWaits) = (ends, node.Waiting);

    /// <summary>Adds jobs below the node to the list, oldest first as far as they are its own, until that holds so many; those below <paramref name="except"/> are left out.</summary>
    public static void Below(PrefixNode node, PrefixEdge? except, List<Entry> into, int most)
    {
        for (PrefixEdge? edge = node.First; edge is not null && into.Count < most; edge = edge.Next)
        {
            if (edge == except) continue;
            if (edge is Entry entry) into.Add(entry);
            else if (edge is PrefixNode { Waiting: > 0 } below) Below(below, null, into, most);
        }
    }

    private bool IsCold(PrefixNode node) => node.RanAt < 0 || _tokens - node.RanAt > _kept;

    private PrefixNode Root(long scope)
    {
        long path = Mix(RootPath, scope); // no chain of another scope comes to the same hash
        if (!_roots.TryGetValue(path, out PrefixNode? root)) _roots.Add(path, root = new PrefixNode { Path = path });
        return root;
    }

    private static long Mix(long path, long mark)
    {
        ulong x = ((ulong)path ^ (ulong)mark) * 0x9E3779B97F4A7C15 + (ulong)path;
        x ^= x >> 32;
        x *= 0xD6E8FEB86659FD93;
        return (long)(x ^ x >> 29);
    }

    private sealed class ByKey : IEqualityComparer<PrefixEdge>, IAlternateEqualityComparer<long, PrefixEdge>
    {
        public bool Equals(PrefixEdge? x, PrefixEdge? y) => ReferenceEquals(x, y);
        public int GetHashCode([DisallowNull] PrefixEdge edge) => edge.Key.GetHashCode();
        public bool Equals(long key, PrefixEdge edge) => key == edge.Key;
        public int GetHashCode(long key) => key.GetHashCode();
        public PrefixEdge Create(long key) => throw new NotSupportedException("An edge is more than its key.");
    }
}
