using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Sluice.Service.Access;

namespace Sluice.Service.Api;

/// <summary>/health/live: the process answers. /health/ready: it can do its work.</summary>
internal static class HealthEndpoints
{
    /// <summary>
    /// Tag of checks without which this process is not ready. The others only show: a broker that is away makes the service degraded,
    /// not unready, for submits are still accepted and the outbox waits.
    /// </summary>
    public const string RequiredTag = "required";

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder health = routes.MapGroup("/health").WithTags("health");
        health.MapGet("live", () => new JsonAnswer<HealthView>(StatusCodes.Status200OK, new HealthView("ok", null), ApiJson.Default.HealthView))
            .OpenToAll().WithName("live").WithSummary("The process answers.").Answers<HealthView>(200);
        health.MapGet("ready", ReadyAsync)
            .OpenToAll().WithName("ready").WithSummary("The process can do its work.").Answers<HealthView>(200, 503);
    }

    private static async Task<IResult> ReadyAsync(HealthCheckService checks, HttpContext context)
    {
        HealthReport report = await checks.CheckHealthAsync(context.RequestAborted);
        bool ready = report.Entries.Values.All(entry => entry.Status != HealthStatus.Unhealthy || !entry.Tags.Contains(RequiredTag));
        string status = !ready ? "unavailable" : report.Status == HealthStatus.Healthy ? "ok" : "degraded";
        Dictionary<string, string> parts = report.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Status.ToString().ToLowerInvariant());
        return new JsonAnswer<HealthView>(ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, new HealthView(status, parts), ApiJson.Default.HealthView);
    }
}

/// <summary>How this process is.</summary>
/// <param name="Status"><c>ok</c>, <c>degraded</c> or <c>unavailable</c>.</param>
/// <param name="Checks">Each part: <c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</param>
internal sealed record HealthView(string Status, IReadOnlyDictionary<string, string>? Checks);
