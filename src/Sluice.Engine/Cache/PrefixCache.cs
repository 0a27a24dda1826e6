using Sluice.Engine.Sequences;

namespace Sluice.Engine.Cache;

/// <summary>
/// Hands out KV pages and remembers full ones by the tokens that they hold, per <see cref="CacheScope"/>. Only full pages are shared, so a shared page is
/// never written again. A page that only the tree refers to is reclaimable; the least recently used leaf goes first, those of conversations last.
/// </summary>
/// <remarks>
/// Whoever holds a page of the tree holds all pages before it: matching takes them from the root on, and sharing swaps an equal page of one's own for the
/// one that is there. So every reclaimable page can be had by taking leaves, and <see cref="Available"/> needs no walk.
/// </remarks>
/// <param name="pool">The pages.</param>
/// <param name="share">False keeps no prefix beyond its sequence.</param>
internal sealed class PrefixCache(PagePool pool, bool share)
{
    private const int PageTokens = StepPlan.PageTokens;

    private readonly PrefixTree _tree = new(pool.Total);
    private ConversationPins? _conversations;

    public PagePool Pool => pool;

    public ConversationPins Conversations => _conversations ??= new ConversationPins(_tree, pool);

    /// <summary>Prefixes outlive their sequences.</summary>
    public bool Shares => share;

    public PrefixTree Tree => _tree;

    /// <summary>Pages that only the tree refers to.</summary>
    public int Reclaimable { get; private set; }

    /// <summary>Pages that a new sequence could have.</summary>
    public int Available => pool.Free + Reclaimable;

    /// <summary>Full pages of these tokens, at most <paramref name="maxPages"/>, that are in the tree; takes nothing.</summary>
    public int CountMatch(CacheScope scope, ReadOnlySpan<int> tokens, int maxPages) => CountMatch(scope, tokens, maxPages, default, out _);

    /// <summary>The same, and how many of them come for nothing: the others, which nobody holds, are <see cref="Available"/> pages that it takes.</summary>
    /// <param name="scope">Of the tokens.</param>
    /// <param name="tokens">(at least maxPages x 16) from position 0.</param>
    /// <param name="maxPages">Most to look at.</param>
    /// <param name="leaving">(pages) references of each that do not count, or empty.</param>
    /// <param name="held">Of those in the tree: held by somebody.</param>
    public int CountMatch(CacheScope scope, ReadOnlySpan<int> tokens, int maxPages, ReadOnlySpan<int> leaving, out int held)
    {
        int count = held = 0;
        PrefixNode? node = _tree.FindRoot(scope);
        while (count < maxPages && (node = _tree.Find(node, tokens.Slice(count * PageTokens, PageTokens))) is not null)
        {
            held += Holders(node.Page) > (leaving.IsEmpty ? 0 : leaving[node.Page]) ? 1 : 0;
            count++;
        }

        return count;
    }

    /// <summary>Leases that have the page.</summary>
    public int Holders(int page) => pool.References(page) - (_tree.OfPage(page) is null ? 0 : 1);

    /// <summary>Takes the longest prefix of full pages, at most <paramref name="maxPages"/>, into an empty lease; returns how many.</summary>
    public int Match(PrefixLease lease, ReadOnlySpan<int> tokens, int maxPages)
    {
        PrefixNode? node = _tree.FindRoot(lease.Scope);
        while (lease.Count < maxPages && (node = _tree.Find(node, tokens.Slice(lease.Count * PageTokens, PageTokens))) is not null)
        {
            Reference(node.Page);
            lease.Push(node.Page);
            lease.MarkShared(node);
        }

        _tree.Touch(lease.Tip);
        return lease.Count;
    }

    /// <summary>Adds pages until the lease has <paramref name="pages"/>, reclaiming what is needed; all or nothing.</summary>
    /// <param name="lease">Gets them.</param>
    /// <param name="pages">It has then at least.</param>
    /// <param name="forget">For these a conversation may lose its pins; false fails rather.</param>
    public bool TryGrow(PrefixLease lease, int pages, bool forget = true)
    {
        if (pages - lease.Count > Available - (forget ? 0 : _conversations?.Idle ?? 0))
            return false;
        lease.Reserve(pages);
        while (lease.Count < pages)
            lease.Push(Take());
        return true;
    }

    /// <summary>Puts the lease's first pages, all full and computed, into the tree; one that is there already takes the place of the lease's own.</summary>
    /// <param name="lease">Holds the pages.</param>
    /// <param name="tokens">(at least fullPages x 16) from position 0.</param>
    /// <param name="fullPages">How many are full.</param>
    public void Share(PrefixLease lease, ReadOnlySpan<int> tokens, int fullPages)
    {
        if (!share || lease.Shared >= fullPages)
            return;
        while (lease.Shared < fullPages)
        {
            int own = lease.Pages[lease.Shared];
            ReadOnlySpan<int> digit = tokens.Slice(lease.Shared * PageTokens, PageTokens);
            PrefixNode? parent = lease.Tip ?? _tree.FindRoot(lease.Scope);
            PrefixNode? node = _tree.Find(parent, digit);
            if (node is null)
            {
                node = _tree.Add(lease.Scope, parent, digit, own);
                pool.Reference(own);
            }
            else
            {
                Reference(node.Page);
                lease.ReplaceFirstOwn(node.Page);
                pool.Release(own);
            }

            lease.MarkShared(node);
        }

        _tree.Touch(lease.Tip);
    }

    /// <summary>What the lease has in the tree is what this conversation of its scope wants kept from now on.</summary>
    public void Keep(PrefixLease lease, string conversation)
    {
        if (share)
            Conversations.Keep(lease.Scope, conversation, lease.Tip);
    }

    /// <summary>Takes the first full pages of another lease, all of them shared where the cache shares, into an empty one.</summary>
    public void Fork(PrefixLease from, PrefixLease to, int fullPages)
    {
        for (int i = 0; i < fullPages; i++)
        {
            Reference(from.Pages[i]);
            to.Push(from.Pages[i]);
        }
    }

    /// <summary>Gives the lease's own pages behind the first <paramref name="pages"/> back: what was written to them is not wanted.</summary>
    public void Shrink(PrefixLease lease, int pages)
    {
        if (pages < lease.Shared)
            throw new InvalidOperationException($"A lease of {lease.Shared} shared pages cannot shrink to {pages}.");
        while (lease.Count > pages)
            pool.Release(lease.Pop());
    }

    /// <summary>Gives every page of the lease back, last first.</summary>
    public void Release(PrefixLease lease)
    {
        _tree.Touch(lease.Tip);
        for (int i = lease.Count - 1; i >= 0; i--)
        {
            int page = lease.Pages[i];
            if (pool.Release(page) != 1 || _tree.OfPage(page) is not { } node)
                continue;
            Reclaimable++;
            if (node.Pins > 0)
                Conversations.Idle++;
            _tree.Offer(node, pool);
        }

        lease.Clear();
    }

    private void Reference(int page)
    {
        if (pool.Reference(page) != 2 || _tree.OfPage(page) is not { } node)
            return;
        Reclaimable--;
        if (node.Pins > 0)
            Conversations.Idle--;
    }

    private int Take()
    {
        if (pool.TryTake(out int page))
            return page;
        PrefixNode? leaf;
        while ((leaf = _tree.TakeOldestLeaf(pool)) is null)
        {
            if (!Conversations.ForgetOldest())
                throw new InvalidOperationException($"{Reclaimable} KV pages count as reclaimable, but none could be reclaimed.");
        }

        Reclaimable--;
        pool.Release(leaf.Page);
        pool.TryTake(out page);
        return page;
    }
}
