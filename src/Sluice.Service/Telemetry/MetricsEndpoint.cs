using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sluice.Service.Access;
using Sluice.Store;

namespace Sluice.Service.Telemetry;

/// <summary>/metrics, for whoever scrapes.</summary>
internal static class MetricsEndpoint
{
    public static void MapMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/metrics", (MetricsPage page) => Results.Text(page.Read(), PrometheusText.ContentType))
            .WithMetadata(new AccessRule(KeyScopes.Read, OpenOnLoopback: true)).WithName("metrics").WithSummary("Numbers in Prometheus text format.").WithTags("health");
}
