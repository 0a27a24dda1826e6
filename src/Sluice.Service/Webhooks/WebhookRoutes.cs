using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Access;
using Sluice.Service.Api;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Webhooks;

/// <summary>/v1/webhooks. An endpoint of another tenant is an endpoint that does not exist. <c>jobs</c> in the place of an id is the tenant's secret for its jobs' own webhooks.</summary>
internal static class WebhookRoutes
{
    private const int MostDeliveries = 100;

    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder webhooks = routes.MapGroup("/v1/webhooks").WithTags("webhooks");
        webhooks.MapPost("", CreateAsync)
            .Needs(KeyScopes.Admin).WithName("createWebhook").WithSummary("Be told when jobs end. The answer holds the signing secret, this once.")
            .Accepts<WebhookRequest>("application/json").Answers<WebhookView>(201).Fails(400, 401, 403, 409, 413, 415, 503);
        webhooks.MapGet("", ListAsync)
            .Needs(KeyScopes.Read).WithName("listWebhooks").WithSummary("Endpoints, oldest first.")
            .Answers<WebhookPage>(200).Fails(401, 403, 503);
        webhooks.MapGet("{id}", GetAsync)
            .Needs(KeyScopes.Read).WithName("getWebhook").WithSummary("An endpoint and whether it answers.")
            .Answers<WebhookView>(200).Fails(401, 403, 404, 503);
        webhooks.MapDelete("{id}", DeleteAsync)
            .Needs(KeyScopes.Admin).WithName("deleteWebhook").WithSummary("Remove an endpoint; what was still to be sent to it is dropped.")
            .Produces(StatusCodes.Status204NoContent).Fails(401, 403, 404, 503);
        webhooks.MapPost("{id}/rotate", RotateAsync)
            .Needs(KeyScopes.Admin).WithName("rotateWebhookSecret")
            .WithSummary("A new secret, shown this once; the former signs beside it for a while. The id 'jobs' gives the secret of the jobs' own webhooks.")
            .Answers<WebhookView>(200).Fails(401, 403, 404, 409, 503);
        webhooks.MapPost("{id}/enable", EnableAsync)
            .Needs(KeyScopes.Admin).WithName("enableWebhook").WithSummary("Tell a disabled endpoint of jobs' ends again.")
            .Answers<WebhookView>(200).Fails(401, 403, 404, 503);
        webhooks.MapGet("{id}/deliveries", DeliveriesAsync)
            .Needs(KeyScopes.Read).WithName("listWebhookDeliveries").WithSummary("The last 100 deliveries, newest first.")
            .Answers<WebhookDeliveryPage>(200).Fails(401, 403, 404, 503);
        webhooks.MapPost("{id}/deliveries/{delivery}/replay", ReplayAsync)
            .Needs(KeyScopes.Admin).WithName("replayWebhookDelivery").WithSummary("Send a delivery again: same id, same bytes.")
            .Answers<WebhookDeliveryView>(202).Fails(401, 403, 404, 409, 503);
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, Caller caller, IWebhookStore store, WebhookRules rules, SecretBox box, IOptions<WebhookOptions> options, TimeProvider time)
    {
        if (!box.IsReady)
        {
            return NoKey();
        }
        (WebhookRequest? asked, Problem? problem) = await WebhookRequestReader.ReadAsync(context, rules);
        if (asked is null)
        {
            return problem!;
        }
        Guid id = Guid.CreateVersion7(time.GetUtcNow());
        byte[] secret = WebhookSecret.New();
        NewWebhookEndpoint endpoint = new(id, caller.Tenant, asked.Url!, asked.Events ?? [], box.Seal(secret, caller.Tenant, id));
        if (!await store.AddAsync(endpoint, options.Value.EndpointsPerTenant, context.RequestAborted))
        {
            return Problems.Conflict("too_many_webhooks", $"A tenant may have at most {options.Value.EndpointsPerTenant} webhooks.");
        }
        WebhookEndpoint? made = await store.GetAsync(caller.Tenant, id, context.RequestAborted);
        context.Response.Headers.Location = $"/v1/webhooks/{WebhookViews.Prefix}{id:N}";
        return made is null ? NoWebhook($"{WebhookViews.Prefix}{id:N}") : Show(made, StatusCodes.Status201Created, secret);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, IWebhookStore store)
    {
        IReadOnlyList<WebhookEndpoint> found = await store.ListAsync(caller.Tenant, context.RequestAborted);
        return new JsonAnswer<WebhookPage>(StatusCodes.Status200OK, new WebhookPage([.. found.Select(endpoint => WebhookViews.Of(endpoint))]), WebhookJson.Default.WebhookPage);
    }

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, IWebhookStore store, string id) =>
        WebhookViews.Id(caller.Tenant, id) is Guid endpoint && await store.GetAsync(caller.Tenant, endpoint, context.RequestAborted) is { } found ? Show(found) : NoWebhook(id);

    private static async Task<IResult> DeleteAsync(HttpContext context, Caller caller, IWebhookStore store, string id) =>
        id != WebhookViews.OfJobs && WebhookViews.Id(caller.Tenant, id) is Guid endpoint && await store.DeleteAsync(caller.Tenant, endpoint, context.RequestAborted)
            ? Results.NoContent()
            : NoWebhook(id);

    private static async Task<IResult> RotateAsync(HttpContext context, Caller caller, WebhookSecrets secrets, SecretBox box, IOptions<WebhookOptions> options, string id)
    {
        if (!box.IsReady)
        {
            return NoKey();
        }
        return WebhookViews.Id(caller.Tenant, id) is Guid endpoint && await secrets.RotateAsync(caller.Tenant, endpoint, options.Value.RotationOverlap, context.RequestAborted) is { } rotated
            ? Show(rotated.Endpoint, StatusCodes.Status200OK, rotated.Secret)
            : NoWebhook(id);
    }

    private static async Task<IResult> EnableAsync(HttpContext context, Caller caller, IWebhookStore store, string id) =>
        id != WebhookViews.OfJobs && WebhookViews.Id(caller.Tenant, id) is Guid endpoint && await store.EnableAsync(caller.Tenant, endpoint, context.RequestAborted) is { } enabled
            ? Show(enabled)
            : NoWebhook(id);

    private static async Task<IResult> DeliveriesAsync(HttpContext context, Caller caller, IWebhookStore store, string id)
    {
        if (WebhookViews.Id(caller.Tenant, id) is not Guid endpoint || (id != WebhookViews.OfJobs && await store.GetAsync(caller.Tenant, endpoint, context.RequestAborted) is null))
        {
            return NoWebhook(id);
        }
        IReadOnlyList<WebhookDelivery> found = await store.DeliveriesAsync(caller.Tenant, endpoint, MostDeliveries, context.RequestAborted);
        return new JsonAnswer<WebhookDeliveryPage>(StatusCodes.Status200OK, new WebhookDeliveryPage([.. found.Select(WebhookViews.Of)]), WebhookJson.Default.WebhookDeliveryPage);
    }

    private static async Task<IResult> ReplayAsync(HttpContext context, Caller caller, IWebhookStore store, string id, string delivery)
    {
        if (WebhookViews.Id(caller.Tenant, id) is not Guid endpoint)
        {
            return NoWebhook(id);
        }
        WebhookEndpoint? known = await store.GetAsync(caller.Tenant, endpoint, context.RequestAborted);
        if (known is null && id != WebhookViews.OfJobs)
        {
            return NoWebhook(id);
        }
        if (known?.DisabledAt is not null)
        {
            return Problems.Conflict("webhook_disabled", $"Webhook {id} is disabled; enable it first.");
        }
        return WebhookViews.DeliveryId(delivery) is Guid wanted && await store.ReplayAsync(caller.Tenant, endpoint, wanted, context.RequestAborted) is { } due
            ? new JsonAnswer<WebhookDeliveryView>(StatusCodes.Status202Accepted, WebhookViews.Of(due), WebhookJson.Default.WebhookDeliveryView)
            : new Problem(StatusCodes.Status404NotFound, "delivery_not_found", $"Webhook {TextRules.Quote(id)} has no delivery {TextRules.Quote(delivery)}.");
    }

    private static JsonAnswer<WebhookView> Show(WebhookEndpoint endpoint, int status = StatusCodes.Status200OK, byte[]? secret = null) =>
        new(status, WebhookViews.Of(endpoint, secret), WebhookJson.Default.WebhookView);

    private static Problem NoWebhook(string id) => new(StatusCodes.Status404NotFound, "webhook_not_found", $"There is no webhook {TextRules.Quote(id)}.");

    private static Problem NoKey() => Problems.Conflict(
        "webhooks_not_configured", "This service has no key to keep webhook secrets under; its operator sets Webhooks:SecretKey or Webhooks:SecretKey_FILE (32 bytes as base64).");
}
