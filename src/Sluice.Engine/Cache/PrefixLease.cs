namespace Sluice.Engine.Cache;

/// <summary>The KV pages that one run of tokens holds, in order of position: shared ones first, then its own. Filled and emptied by <see cref="PrefixCache"/>.</summary>
internal sealed class PrefixLease(CacheScope scope)
{
    private int[] _pages = [];

    public CacheScope Scope => scope;

    public int Count { get; private set; }

    public ReadOnlySpan<int> Pages => _pages.AsSpan(0, Count);

    /// <summary>Pages [0, Shared) stand in the tree; <see cref="Tip"/> is the node of the last of them.</summary>
    public int Shared { get; private set; }

    public PrefixNode? Tip { get; private set; }

    /// <summary>Makes room, so that nothing is allocated while it grows to this.</summary>
    public void Reserve(int pages)
    {
        if (_pages.Length < pages)
            Array.Resize(ref _pages, pages);
    }

    internal void Push(int page)
    {
        if (Count == _pages.Length)
            Reserve(Math.Max(4, Count * 2));
        _pages[Count++] = page;
    }

    internal int Pop() => _pages[--Count];

    internal void ReplaceFirstOwn(int page) => _pages[Shared] = page;

    internal void MarkShared(PrefixNode node)
    {
        Tip = node;
        Shared++;
    }

    internal void Clear()
    {
        Count = Shared = 0;
        Tip = null;
    }
}
