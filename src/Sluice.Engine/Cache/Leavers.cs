namespace Sluice.Engine.Cache;

/// <summary>What there would be if some leases were given back: nothing is. Allocates nothing once it is made.</summary>
internal sealed class Leavers(PrefixCache cache)
{
    private readonly int[] _leaving = new int[cache.Pool.Total]; // (pages): references that would go

    /// <summary>Pages that nobody would hold any more.</summary>
    public int Gained { get; private set; }

    public void Clear()
    {
        Array.Clear(_leaving);
        Gained = 0;
    }

    /// <summary>One lease more, each once.</summary>
    public void Add(PrefixLease lease)
    {
        foreach (int page in lease.Pages)
            Gained += ++_leaving[page] == cache.Holders(page) ? 1 : 0;
    }

    /// <summary>Full pages of these tokens, at most <paramref name="maxPages"/>, that are in the tree and would still be held: a sequence of them takes no page for these.</summary>
    public int CountHeld(CacheScope scope, ReadOnlySpan<int> tokens, int maxPages)
    {
        cache.CountMatch(scope, tokens, maxPages, _leaving, out int held);
        return held;
    }
}
