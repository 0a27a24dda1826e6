using Sluice.Store;

namespace Sluice.Service.Access;

/// <summary>Who asks, once that is proven: by an API key, or by the broker.</summary>
/// <param name="Tenant">Owner of everything that the call makes or sees.</param>
/// <param name="Scopes">What the caller may do.</param>
/// <param name="KeyId">The API key's id; null for a caller from the bus.</param>
internal sealed record Caller(string Tenant, KeyScopes Scopes, string? KeyId = null)
{
    public bool May(KeyScopes scope) => (Scopes & scope) == scope;
}
