using System.Collections.Concurrent;

namespace Sluice.Store.Postgres;

/// <summary>
/// About how many jobs a tenant has queued, so that most submits need not count: a count taken within the last second plus what this process added since.
/// Far from the bound that is enough; near it every submit counts.
/// </summary>
internal sealed class TenantBacklog(TimeProvider time)
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, (long Count, long At)> _known = new(StringComparer.Ordinal);

    /// <summary>True where <paramref name="more"/> fit for certain without counting anew.</summary>
    public bool Roomy(string tenant, int more, int bound) =>
        _known.TryGetValue(tenant, out (long Count, long At) known) && time.GetElapsedTime(known.At) < s_fresh && known.Count + more <= bound * 4L / 5;

    public long Known(string tenant) => _known.GetValueOrDefault(tenant).Count;

    public void Set(string tenant, long count) => _known[tenant] = (count, time.GetTimestamp());

    /// <summary>After the commit.</summary>
    public void Add(string tenant, int stored)
    {
        if (_known.TryGetValue(tenant, out (long Count, long At) known))
            _known[tenant] = (known.Count + stored, known.At);
    }
}
