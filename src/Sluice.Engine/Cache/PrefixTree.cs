namespace Sluice.Engine.Cache;

/// <summary>
/// A radix tree over token prefixes whose digit is one full page of 16 tokens, one root per <see cref="CacheScope"/>: nothing is found without its scope.
/// Knows pages by number only; who may give one up is the caller's answer.
/// </summary>
internal sealed class PrefixTree
{
    private readonly Dictionary<CacheScope, PrefixNode> _roots = [];
    private readonly Dictionary<PageDigit, PrefixNode> _nodes = [];
    private readonly PrefixNode?[] _ofPage; // (pages): the node that a page stands under
    private readonly PriorityQueue<PrefixNode, long> _leaves = new();
    private long _clock;

    public PrefixTree(int pages) => _ofPage = new PrefixNode?[pages];

    public int Count => _nodes.Count;

    public IReadOnlyCollection<PrefixNode> Nodes => _nodes.Values;

    public PrefixNode? OfPage(int page) => _ofPage[page];

    public PrefixNode? FindRoot(CacheScope scope) => _roots.GetValueOrDefault(scope);

    /// <summary>The page of these 16 tokens after the parent; nothing follows null.</summary>
    public PrefixNode? Find(PrefixNode? parent, ReadOnlySpan<int> tokens) => parent is null ? null : _nodes.GetValueOrDefault(new PageDigit(parent, tokens));

    /// <summary>Adds a page after its parent, or first in its scope where <paramref name="parent"/> is null; it must not be there yet.</summary>
    public PrefixNode Add(CacheScope scope, PrefixNode? parent, ReadOnlySpan<int> tokens, int page)
    {
        if (parent is null && !_roots.TryGetValue(scope, out parent))
            _roots.Add(scope, parent = new PrefixNode(scope, null, -1));
        PrefixNode node = new(scope, parent, page) { Digit = new PageDigit(parent, tokens) };
        _nodes.Add(node.Digit, node);
        _ofPage[page] = node;
        parent.Children++;
        return node;
    }

    /// <summary>Marks the node and all before it as used now.</summary>
    public void Touch(PrefixNode? node)
    {
        _clock++;
        for (; node is not null; node = node.Parent)
            node.LastUse = _clock;
    }

    /// <summary>Puts a leaf that nobody uses or has pinned in line to be dropped; anything else is left alone.</summary>
    public void Offer(PrefixNode node, PagePool pool)
    {
        if (node.Queued || !Droppable(node, pool))
            return;
        node.Queued = true;
        _leaves.Enqueue(node, node.LastUse);
    }

    /// <summary>Takes the least recently used leaf that nobody uses or has pinned out of the tree; null when there is none.</summary>
    public PrefixNode? TakeOldestLeaf(PagePool pool)
    {
        while (_leaves.TryDequeue(out PrefixNode? node, out long queuedAt))
        {
            node.Queued = false;
            if (!Droppable(node, pool))
                continue; // offered again when its last user, child or pin goes
            if (node.LastUse > queuedAt)
            {
                Offer(node, pool);
                continue;
            }

            Remove(node);
            if (node.Parent!.Parent is not null)
                Offer(node.Parent, pool);
            return node;
        }

        return null;
    }

    private static bool Droppable(PrefixNode node, PagePool pool) => node.Children == 0 && node.Pins == 0 && pool.References(node.Page) == 1;

    private void Remove(PrefixNode leaf)
    {
        _nodes.Remove(leaf.Digit);
        _ofPage[leaf.Page] = null;
        PrefixNode parent = leaf.Parent!;
        if (--parent.Children == 0 && parent.Parent is null)
            _roots.Remove(parent.Scope);
    }
}
