namespace Sluice.Engine.Cache;

/// <summary>Counts every page again from the leases and the tree, and says what does not agree.</summary>
internal static class CacheAudit
{
    /// <summary>Throws <see cref="InvalidOperationException"/> unless free + cached + held = total and every reference has its holder.</summary>
    /// <param name="cache">What is audited.</param>
    /// <param name="leases">All leases that hold pages, each once.</param>
    public static void Check(PrefixCache cache, IEnumerable<PrefixLease> leases)
    {
        PagePool pool = cache.Pool;
        int[] expected = new int[pool.Total];
        bool[] held = new bool[pool.Total];
        foreach (PrefixLease lease in leases)
        {
            Require(lease.Shared <= lease.Count, $"a lease of {lease.Count} pages says that {lease.Shared} are shared");
            foreach (int page in lease.Pages)
            {
                expected[page]++;
                held[page] = true;
            }
        }

        CheckTree(cache, expected, held);
        bool[] free = new bool[pool.Total];
        foreach (int page in pool.FreePages)
        {
            Require(!free[page], $"page {page} is free twice");
            free[page] = true;
        }

        int reclaimable = 0;
        for (int page = 0; page < pool.Total; page++)
        {
            Require(pool.References(page) == expected[page], $"page {page} has {pool.References(page)} references and {expected[page]} holders");
            Require(free[page] == (expected[page] == 0), $"page {page} has {expected[page]} holders and is {(free[page] ? "" : "not ")}free");
            if (!held[page] && expected[page] > 0)
                reclaimable++;
        }

        Require(cache.Reclaimable == reclaimable, $"{cache.Reclaimable} pages count as reclaimable, {reclaimable} are");
        int heldPages = held.Count(h => h);
        Require(pool.Free + reclaimable + heldPages == pool.Total, $"free {pool.Free} + cached {reclaimable} + held {heldPages} is not {pool.Total}");
    }

    private static void CheckTree(PrefixCache cache, int[] expected, bool[] held)
    {
        Dictionary<PrefixNode, int> children = [];
        foreach (PrefixNode node in cache.Tree.Nodes)
        {
            expected[node.Page]++;
            Require(ReferenceEquals(cache.Tree.OfPage(node.Page), node), $"page {node.Page} stands under two nodes");
            PrefixNode parent = node.Parent!;
            children[parent] = children.GetValueOrDefault(parent) + 1;
            Require(parent.LastUse >= node.LastUse || parent.Parent is null, $"page {node.Page} was used after the page before it");
            if (parent.Parent is not null)
            {
                Require(ReferenceEquals(cache.Tree.OfPage(parent.Page), parent), $"page {node.Page} follows a node that is gone");
                Require(!held[node.Page] || held[parent.Page], $"page {node.Page} is held and the page before it is not");
            }
            else
            {
                Require(ReferenceEquals(cache.Tree.FindRoot(node.Scope), parent), $"page {node.Page} follows a root that is gone");
            }
        }

        CheckPins(cache, held);
        foreach (PrefixNode node in cache.Tree.Nodes)
            Require(node.Children == children.GetValueOrDefault(node), $"page {node.Page} counts {node.Children} children and has {children.GetValueOrDefault(node)}");
    }

    private static void CheckPins(PrefixCache cache, bool[] held)
    {
        Dictionary<PrefixNode, int> pins = [];
        foreach (PrefixNode tip in cache.Conversations.Tips)
        {
            for (PrefixNode node = tip; node.Parent is not null; node = node.Parent)
            {
                Require(ReferenceEquals(cache.Tree.OfPage(node.Page), node), $"page {node.Page} of a conversation is not in the tree");
                pins[node] = pins.GetValueOrDefault(node) + 1;
            }
        }

        foreach (PrefixNode node in cache.Tree.Nodes)
            Require(node.Pins == pins.GetValueOrDefault(node), $"page {node.Page} counts {node.Pins} conversations and has {pins.GetValueOrDefault(node)}");
        int idle = pins.Keys.Count(node => !held[node.Page]);
        Require(cache.Conversations.Idle == idle, $"{cache.Conversations.Idle} pinned pages count as idle, {idle} are");
        Require(cache.Conversations.Pages == pins.Count, $"{cache.Conversations.Pages} pages count as pinned, {pins.Count} are");
        Require(pins.Count <= cache.Conversations.MostPages, $"{pins.Count} pages are pinned, at most {cache.Conversations.MostPages} may be");
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
            throw new InvalidOperationException("KV page audit: " + what + ".");
    }
}
