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

    /// <summary>Points of a distribution that is kept.</summary>
    private const int Points = 33;

    /// <summary>Jobs that a distribution from an earlier process counts for.</summary>
    private const int Remembered = 128;

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

    /// <summary>Finished jobs, those of an earlier process counted as <see cref="Restore"/> says.</summary>
    public long Seen => _seen;

    /// <summary>The distribution in a few numbers, ascending, from the shortest to the longest; empty before enough is known.</summary>
    public int[] Digest() => _sorted.Length == 0 ? [] : [.. Enumerable.Range(0, Points).Select(i => _sorted[i * (_sorted.Length - 1) / (Points - 1)])];

    /// <summary>Starts from a distribution that an earlier process came to, as if some of its jobs had just finished.</summary>
    public void Restore(IReadOnlyList<int> digest, long seen)
    {
        int jobs = (int)Math.Clamp(seen, 0, Remembered);
        if (digest.Count == 0 || jobs < Enough) return;
        for (int i = 0; i < jobs; i++) _latest[_seen++ % Window] = Math.Max(0, digest[i * (digest.Count - 1) / (jobs - 1)]);
        _sorted = _latest[..(int)Math.Min(_seen, Window)];
        Array.Sort(_sorted);
    }

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
