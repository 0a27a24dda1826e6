namespace Sluice.Engine.Cache;

/// <summary>The KV pages of one model by number: who holds how many references, and which are free. Allocates nothing after construction.</summary>
/// <remarks>Not thread-safe: the thread that owns the step owns it.</remarks>
internal sealed class PagePool
{
    private readonly int[] _references; // (pages)
    private readonly int[] _free; // (Free): a stack, lowest numbers on top at the start

    /// <param name="pages">Pages within the byte budget, at least 1.</param>
    public PagePool(int pages)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pages, 1);
        _references = new int[pages];
        _free = new int[pages];
        Free = pages;
        for (int i = 0; i < pages; i++)
            _free[i] = pages - 1 - i;
    }

    public int Total => _references.Length;

    public int Free { get; private set; }

    public ReadOnlySpan<int> FreePages => _free.AsSpan(0, Free);

    public int References(int page) => _references[page];

    /// <summary>A free page with one reference; false when none is free.</summary>
    public bool TryTake(out int page)
    {
        if (Free == 0)
        {
            page = -1;
            return false;
        }

        page = _free[--Free];
        _references[page] = 1;
        return true;
    }

    /// <summary>One more holder of a held page; returns the references it has now.</summary>
    public int Reference(int page)
    {
        if (_references[page] < 1)
            throw new InvalidOperationException($"KV page {page} is free and cannot be shared.");
        return ++_references[page];
    }

    /// <summary>One holder less; the page is free when none is left. Returns the references it has now.</summary>
    public int Release(int page)
    {
        if (_references[page] < 1)
            throw new InvalidOperationException($"KV page {page} was given back more often than taken.");
        int left = --_references[page];
        if (left == 0)
            _free[Free++] = page;
        return left;
    }
}
