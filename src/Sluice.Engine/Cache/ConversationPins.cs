namespace Sluice.Engine.Cache;

/// <summary>
/// The prefixes that named conversations want kept. A pinned page is reclaimed when no other can be: then the conversation that was used least recently
/// loses its pins, and the others keep theirs. So a pin holds nobody up.
/// </summary>
/// <remarks>
/// A conversation is one path of the tree, from the root to the last full page of what it last computed. At most half of the pool is pinned, for at most
/// <see cref="MostConversations"/>: the least recently used make room. Not thread-safe: the thread that owns the step owns it.
/// </remarks>
internal sealed class ConversationPins(PrefixTree tree, PagePool pool)
{
    public const int MostConversations = 4096;

    private readonly Dictionary<(CacheScope Scope, string Name), LinkedListNode<Conversation>> _byName = [];
    private readonly LinkedList<Conversation> _byUse = new(); // least recently used first

    /// <summary>Pages that one conversation or more has pinned.</summary>
    public int Pages { get; private set; }

    /// <summary>Those of them that nobody holds: to reclaim one, a conversation must be let go of. <see cref="PrefixCache"/> counts holders that come and go.</summary>
    public int Idle { get; internal set; }

    public int MostPages => pool.Total / 2;

    /// <summary>Last pinned pages, for the audit.</summary>
    public IEnumerable<PrefixNode> Tips => _byUse.Select(conversation => conversation.Tip);

    /// <summary>The conversation now ends at this node of its scope, or has nothing to keep where that is null.</summary>
    public void Keep(CacheScope scope, string name, PrefixNode? tip)
    {
        tip = Within(tip);
        Pin(tip); // before the former is let go of: what both have stays pinned
        Forget(scope, name);
        if (tip is null)
            return;
        _byName.Add((scope, name), _byUse.AddLast(new Conversation(scope, name, tip)));
        while (Pages > MostPages || _byName.Count > MostConversations)
            ForgetOldest();
    }

    /// <summary>Lets go of the conversation that was used least recently; false where there is none.</summary>
    public bool ForgetOldest()
    {
        if (_byUse.First?.Value is not { } oldest)
            return false;
        Forget(oldest.Scope, oldest.Name);
        return true;
    }

    private void Forget(CacheScope scope, string name)
    {
        if (!_byName.Remove((scope, name), out LinkedListNode<Conversation>? former))
            return;
        _byUse.Remove(former);
        for (PrefixNode? node = former.Value.Tip; node?.Parent is not null; node = node.Parent)
        {
            if (--node.Pins > 0)
                continue;
            Pages--;
            Idle -= IsIdle(node) ? 1 : 0;
            tree.Offer(node, pool);
        }
    }

    private void Pin(PrefixNode? node)
    {
        for (; node?.Parent is not null; node = node.Parent)
        {
            if (node.Pins++ > 0)
                continue;
            Pages++;
            Idle += IsIdle(node) ? 1 : 0;
        }
    }

    private bool IsIdle(PrefixNode node) => pool.References(node.Page) == 1;

    // The node, or the one before it up to which the path alone is no longer than may be pinned.
    private PrefixNode? Within(PrefixNode? tip)
    {
        int length = 0;
        for (PrefixNode? node = tip; node?.Parent is not null; node = node.Parent)
            length++;
        for (; length > MostPages; length--)
            tip = tip!.Parent;
        return tip?.Parent is null ? null : tip;
    }

    private sealed record Conversation(CacheScope Scope, string Name, PrefixNode Tip);
}
