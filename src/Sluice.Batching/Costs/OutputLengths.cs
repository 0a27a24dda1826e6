namespace Sluice.Batching.Costs;

/// <summary>How many tokens the jobs of a workload class generate: quantiles of the latest that finished. Not thread-safe.</summary>
internal sealed class OutputLengths
{
    /// <summary>Finished jobs before a class is predicted.</summary>
    public const int Enough = 16;

    /// <summary>Jobs that are remembered.</summary>
    private const int Window = 512;

    /// <summary>Jobs between two sortings.</summary>
    private const int SortEvery = 32;

    private readonly int[] _latest = new int[Window];
    private int[] _sorted = [];
    private long _seen;

    public bool Known => _sorted.Length > 0;

    public void Observe(int tokens)
    {
        _latest[_seen++ % Window] = tokens;
        if (_seen < Enough || (_seen > Enough && _seen % SortEvery != 0)) return;
        _sorted = _latest[..(int)Math.Min(_seen, Window)];
        Array.Sort(_sorted);
    }

    /// <summary>The quantile, at most <paramref name="max"/>; that itself before enough is known.</summary>
    public int Quantile(double share, int max) =>
        _sorted.Length == 0 ? max : Math.Min(max, _sorted[Math.Min(_sorted.Length - 1, (int)(share * _sorted.Length))]);

    /// <summary>Share of the latest that were at most so long; 1 before enough is known.</summary>
    public double ShareUpTo(double tokens)
    {
        if (_sorted.Length == 0) return 1;
        int low = 0, high = _sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_sorted[middle] <= tokens) low = middle + 1;
            else high = middle;
        }
        return (double)low / _sorted.Length;
    }
}
