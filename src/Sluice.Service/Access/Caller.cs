using System.Reflection;
using Microsoft.AspNetCore.Http;
using Sluice.Store;

namespace Sluice.Service.Access;

/// <summary>Who asks, once that is proven: by an API key, or by the broker. As an endpoint's parameter it is the proven caller of the request.</summary>
/// <param name="Tenant">Owner of everything that the call makes or sees.</param>
/// <param name="Scopes">What the caller may do.</param>
/// <param name="KeyId">The API key's id; null for a caller from the bus.</param>
internal sealed record Caller(string Tenant, KeyScopes Scopes, string? KeyId = null) : IBindableFromHttpContext<Caller>
{
    public bool May(KeyScopes scope) => (Scopes & scope) == scope;

    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        new(context.Features.Get<Caller>() ?? throw new InvalidOperationException($"{parameter.Member.Name} asks for a caller on a route that is open to all."));
}
