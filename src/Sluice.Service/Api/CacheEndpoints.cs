using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sluice.Service.Access;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>/v1/cache. An entry of another tenant is an entry that does not exist.</summary>
internal static class CacheEndpoints
{
    private const string Prefix = "ent_";

    public static void MapCache(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/cache/{id}/reject", RejectAsync).WithTags("cache")
            .Needs(KeyScopes.Submit).WithName("rejectCacheEntry").WithSummary("Say that a cached answer was not the right one; it answers nobody any more.")
            .Produces(StatusCodes.Status204NoContent).Fails(401, 403, 404, 503);

    private static async Task<IResult> RejectAsync(HttpContext context, Caller caller, ISemanticCache cache, string id) =>
        id.StartsWith(Prefix, StringComparison.Ordinal) && Guid.TryParseExact(id.AsSpan(Prefix.Length), "N", out Guid entry)
            && await cache.RejectAsync(caller.Tenant, entry, context.RequestAborted)
            ? Results.NoContent()
            : Problems.NoEntry(id);
}
