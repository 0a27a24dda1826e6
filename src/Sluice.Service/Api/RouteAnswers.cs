using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Sluice.Service.Api;

/// <summary>What a route answers, for the OpenAPI document.</summary>
internal static class RouteAnswers
{
    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        foreach (int status in statuses)
        {
            route.Produces<T>(status, "application/json");
        }
        return route;
    }

    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        foreach (int status in statuses)
        {
            route.Produces<ProblemBody>(status, Problems.ContentType);
        }
        return route;
    }
}
