using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Sluice.Service.Api;
using Sluice.Store;

namespace Sluice.Service.Access;

/// <summary>
/// Default deny: whatever route was matched, a key is needed unless the route's <see cref="AccessRule"/> says otherwise.
/// 401 without a valid key, 403 when its scopes do not reach. A path that matches no route is 404 for everybody.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, KeyRing keys, IOptions<AccessOptions> options)
{
    private const string Scheme = "Bearer ";

    public Task InvokeAsync(HttpContext context)
    {
        Endpoint? endpoint = context.GetEndpoint();
        if (endpoint is null)
        {
            return next(context);
        }
        AccessRule? rule = endpoint.Metadata.GetMetadata<AccessRule>();
        return rule is { IsOpen: true } || (rule is { OpenOnLoopback: true } && options.Value.MetricsOpenOnLoopback && IsLoopback(context))
            ? next(context)
            : ProveAsync(context, rule?.Scope ?? KeyScopes.None);
    }

    private static bool IsLoopback(HttpContext context) => context.Connection.RemoteIpAddress is IPAddress address && IPAddress.IsLoopback(address);

    private async Task ProveAsync(HttpContext context, KeyScopes scope)
    {
        string? header = context.Request.Headers.Authorization;
        string? key = header is not null && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
        Caller? caller = key is null ? null : await keys.FindAsync(key, context.RequestAborted);
        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await Problems.WriteAsync(context, Problems.Unauthorized(header is null
                ? "An API key is needed: Authorization: Bearer sk_..."
                : "The API key is not valid."));
            return;
        }
        if (!caller.May(scope))
        {
            await Problems.WriteAsync(context, Problems.Forbidden($"This call needs a key with scope '{scope.ToString().ToLowerInvariant()}'; the key has '{caller.Scopes.ToString().ToLowerInvariant()}'."));
            return;
        }
        context.Features.Set(caller);
        await next(context);
    }
}
