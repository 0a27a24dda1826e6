using System.Numerics;
using System.Runtime.InteropServices;

namespace Sluice.Store.Memory;

/// <summary>The semantic cache of the memory store: every entry that a probe may meet is compared.</summary>
internal sealed class MemorySemanticCache(MemoryJobStore store) : ISemanticCache
{
    public Task<IReadOnlyList<IReadOnlyList<SemanticMatch>>> FindAsync(IReadOnlyList<SemanticProbe> probes, int most, CancellationToken cancellationToken) =>
        store.LockedAsync<IReadOnlyList<IReadOnlyList<SemanticMatch>>>(tables => [.. probes.Select(probe => Find(tables, probe, most))]);

    public Task<bool> RejectAsync(string tenant, Guid entry, CancellationToken cancellationToken) =>
        store.LockedAsync(tables => tables.Cache.Find(entry) is { } found && found.Tenant == tenant && tables.Cache.Remove(found.Key));

    public Task<int> TendAsync(CancellationToken cancellationToken) => store.LockedAsync(tables => tables.Cache.RemoveExpired(tables.Now));

    private static IReadOnlyList<SemanticMatch> Find(MemoryTables tables, SemanticProbe probe, int most)
    {
        IReadOnlyList<MemoryCacheEntry> alike = tables.Cache.Find(SemanticKey.Of(probe));
        if (alike.Count == 0)
            return [];
        return [.. alike.Reverse()
            .Where(entry => entry.ExpiresAt > tables.Now)
            .Select(entry => new SemanticMatch(entry.Id, Similarity(entry.Embedding, probe.Embedding)))
            .Where(match => match.Similarity >= probe.MinSimilarity)
            .OrderByDescending(match => match.Similarity)
            .Take(most)];
    }

    private static double Similarity(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        ReadOnlySpan<Vector<float>> left = MemoryMarshal.Cast<float, Vector<float>>(one), right = MemoryMarshal.Cast<float, Vector<float>>(other);
        Vector<float> sums = Vector<float>.Zero;
        for (int i = 0; i < left.Length; i++)
        {
            sums += left[i] * right[i];
        }
        double sum = Vector.Sum(sums);
        for (int i = left.Length * Vector<float>.Count; i < one.Length; i++)
        {
            sum += one[i] * other[i];
        }
        return Math.Clamp(sum, 0, 1);
    }
}
