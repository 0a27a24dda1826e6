using System.Collections.Concurrent;

namespace Sluice.Store.Postgres;

/// <summary>
/// About how many jobs a tenant has queued, so that most submits need not count: a count taken within the last two seconds, of the tenant or of all tenants at once,
/// plus what this process added since. Far from the bound that is enough; near it every submit counts.
/// </summary>
internal sealed class TenantBacklog(TimeProvider time)
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, Count> _counts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _added = new(StringComparer.Ordinal); // by this process, ever
    private volatile Survey? _survey;

    /// <summary>True where <paramref name="more"/> fit for certain without counting anew.</summary>
    public bool Roomy(string tenant, int more, int bound) =>
        Last(tenant) is { } count && time.GetElapsedTime(count.At) < s_fresh && Queued(tenant, count) + more <= bound * 4L / 5;

    public long Known(string tenant) => Last(tenant) is { } count ? Queued(tenant, count) : 0;

    public void Set(string tenant, long count) => _counts[tenant] = new Count(count, Added(tenant), time.GetTimestamp());

    /// <summary>After the commit.</summary>
    public void Add(string tenant, int stored) => _added.AddOrUpdate(tenant, stored, (_, added) => added + stored);

    /// <summary>Before all tenants are counted: what is added while they are is neither lost nor taken for counted.</summary>
    public Survey Begin() => new(_added.ToDictionary(StringComparer.Ordinal), time.GetTimestamp());

    /// <summary>All tenants were counted; one that is not in <paramref name="queued"/> has none.</summary>
    public void Set(Survey begun, IReadOnlyDictionary<string, long> queued) => _survey = begun with { Queued = queued };

    private Count? Last(string tenant)
    {
        Count? own = _counts.TryGetValue(tenant, out Count counted) ? counted : null;
        return _survey is { } all && !(own?.At > all.At) ? new Count(all.Queued.GetValueOrDefault(tenant), all.Added.GetValueOrDefault(tenant), all.At) : own;
    }

    private long Queued(string tenant, Count count) => count.Jobs + Added(tenant) - count.Added;

    private long Added(string tenant) => _added.GetValueOrDefault(tenant);

    /// <summary>A count of all tenants; <paramref name="Added"/> as of its beginning.</summary>
    internal sealed record Survey(IReadOnlyDictionary<string, long> Added, long At)
    {
        public IReadOnlyDictionary<string, long> Queued { get; init; } = new Dictionary<string, long>();
    }

    private readonly record struct Count(long Jobs, long Added, long At);
}
