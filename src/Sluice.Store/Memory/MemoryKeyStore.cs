namespace Sluice.Store.Memory;

/// <summary>API keys in memory.</summary>
internal sealed class MemoryKeyStore : IKeyStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ApiKey> _keys = [];

    public Task<ApiKey?> FindAsync(string keyId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_keys.GetValueOrDefault(keyId));
        }
    }

    public Task AddAsync(ApiKey key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_keys.TryAdd(key.Id, key))
                throw new ArgumentException($"There is a key with the id '{key.Id}' already.", nameof(key));
        }
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<ApiKey>>([.. _keys.Values.OrderByDescending(k => k.CreatedAt).ThenBy(k => k.Id, StringComparer.Ordinal)]);
        }
    }

    public Task<bool> RevokeAsync(string keyId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_keys.Remove(keyId));
        }
    }
}
