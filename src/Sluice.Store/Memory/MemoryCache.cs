using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>Answers by exact key, by id and by what a semantic probe asks for. Guarded by the store's lock.</summary>
internal sealed class MemoryCache
{
    private readonly Dictionary<TwinKey, MemoryCacheEntry> _byKey = [];
    private readonly Dictionary<Guid, MemoryCacheEntry> _byId = [];
    private readonly Dictionary<SemanticKey, List<MemoryCacheEntry>> _byMeaning = [];

    public MemoryCacheEntry? Find(TwinKey key) => _byKey.GetValueOrDefault(key);

    public MemoryCacheEntry? Find(Guid id) => _byId.GetValueOrDefault(id);

    /// <summary>All that have what the probe must have in common with them, oldest first.</summary>
    public IReadOnlyList<MemoryCacheEntry> Find(SemanticKey key) => _byMeaning.GetValueOrDefault(key) ?? [];

    /// <summary>A newer answer replaces an older one of the same key.</summary>
    public void Put(MemoryCacheEntry entry)
    {
        Remove(entry.Key);
        _byKey.Add(entry.Key, entry);
        _byId.Add(entry.Id, entry);
        if (entry.Meaning is { } meaning)
        {
            if (!_byMeaning.TryGetValue(meaning, out List<MemoryCacheEntry>? alike))
                _byMeaning.Add(meaning, alike = []);
            alike.Add(entry);
        }
    }

    public bool Remove(TwinKey key)
    {
        if (!_byKey.Remove(key, out MemoryCacheEntry? entry))
            return false;
        _byId.Remove(entry.Id);
        if (entry.Meaning is { } meaning)
        {
            List<MemoryCacheEntry> alike = _byMeaning[meaning];
            alike.Remove(entry);
            if (alike.Count == 0)
                _byMeaning.Remove(meaning);
        }
        return true;
    }

    public int RemoveExpired(DateTimeOffset now)
    {
        List<TwinKey> expired = [.. _byKey.Values.Where(e => e.ExpiresAt <= now).Select(e => e.Key)];
        expired.ForEach(key => Remove(key));
        return expired.Count;
    }
}

/// <summary>What an entry and a probe must have in common before they are compared. Byte strings in hex.</summary>
internal readonly record struct SemanticKey(string Tenant, string Namespace, string Fingerprint, string EmbedderId, string Guard, int Dimension)
{
    public static SemanticKey Of(SemanticProbe probe) => new(
        probe.Tenant, probe.Namespace, Convert.ToHexString(probe.Fingerprint), probe.EmbedderId, Convert.ToHexString(probe.Guard), probe.Embedding.Length);
}

/// <summary>An answer that may serve equal jobs of the same scope.</summary>
internal sealed class MemoryCacheEntry
{
    public MemoryCacheEntry(MemoryJob source, JobResult result, DateTimeOffset now)
    {
        NewJob asked = source.Input!;
        Id = Guid.CreateVersion7(now);
        Key = source.Key!.Value;
        Fingerprint = asked.Fingerprint;
        Result = result;
        ExpiresAt = now + asked.CacheTtl < source.ExpiresAt ? now + asked.CacheTtl : source.ExpiresAt;
        if (asked is { CacheMode: CacheMode.Semantic, Fingerprint: { } fingerprint, Guard: { } guard, EmbedderId: { } embedder, Embedding: { } embedding })
        {
            Embedding = embedding;
            Meaning = new SemanticKey(asked.Tenant, asked.Namespace, Convert.ToHexString(fingerprint), embedder, Convert.ToHexString(guard), embedding.Length);
        }
    }

    public Guid Id { get; }
    public TwinKey Key { get; }
    public string Tenant => Key.Tenant;
    public string Namespace => Key.Namespace;
    public byte[]? Fingerprint { get; }
    public JobResult Result { get; }
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>Null where the entry serves the exact tier only.</summary>
    public SemanticKey? Meaning { get; }
    public float[]? Embedding { get; }
}
