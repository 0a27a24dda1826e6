using Microsoft.AspNetCore.Builder;
using Sluice.Store;

namespace Sluice.Service.Access;

/// <summary>Who may call a route: endpoint metadata. A route without one needs a key of any scope.</summary>
/// <param name="Scope">The scope that a key needs; none where the route is open to all.</param>
/// <param name="OpenOnLoopback">Whether a caller from this machine needs no key.</param>
internal sealed record AccessRule(KeyScopes Scope, bool OpenOnLoopback = false)
{
    public static readonly AccessRule Anybody = new(KeyScopes.None);

    public bool IsOpen => Scope == KeyScopes.None;
}

/// <summary>How a route says who may call it.</summary>
internal static class AccessRules
{
    public static TBuilder Needs<TBuilder>(this TBuilder route, KeyScopes scope)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new AccessRule(scope));

    public static TBuilder OpenToAll<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(AccessRule.Anybody);
}
