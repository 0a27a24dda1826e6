namespace Sluice.Store;

/// <summary>Tenants and their API keys. Keys are stored as SHA-256 and shown once, when made. Postgres and memory, one contract test.</summary>
public interface IKeyStore
{
    /// <summary>The living key with this id, or null. The caller compares the hash in constant time.</summary>
    Task<ApiKey?> FindAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>Stores a key; makes the tenant where it is new. Throws <see cref="ArgumentException"/> where the id exists.</summary>
    Task AddAsync(ApiKey key, CancellationToken cancellationToken);

    /// <summary>All keys, newest first; never their secrets.</summary>
    Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken);

    /// <summary>False where there is no such living key.</summary>
    Task<bool> RevokeAsync(string keyId, CancellationToken cancellationToken);
}

/// <summary>An API key: <c>sk_{id}_{secret}</c> on the wire, its SHA-256 here.</summary>
public sealed record ApiKey(string Id, byte[] Hash, string Tenant, KeyScopes Scopes, string? Name, DateTimeOffset CreatedAt);

/// <summary>What a key may do.</summary>
[Flags]
public enum KeyScopes
{
    None = 0,
    Submit = 1,
    Read = 2,
    Admin = 4,
    All = Submit | Read | Admin,
}
