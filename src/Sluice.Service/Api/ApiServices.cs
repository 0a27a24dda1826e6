using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Access;
using Sluice.Service.Schedules;
using Sluice.Service.Submissions;
using Sluice.Service.Telemetry;
using Sluice.Service.Webhooks;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>The HTTP surface.</summary>
internal static class ApiServices
{
    public static WebApplicationBuilder AddApi(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings<ApiOptions>(ApiOptions.Section);
        builder.WebHost.UseKestrel().UseUrls(builder.Configuration["Urls"] ?? ApiOptions.DefaultUrls);
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<ApiOptions>>((kestrel, options) => Limit(kestrel, options.Value));
        builder.Services.AddRouting();
        builder.Services.AddHealthChecks().AddCheck<StoreHealth>("store", tags: [HealthEndpoints.RequiredTag]);
        builder.Services.AddOpenApi("v1", options => options.AddDocumentTransformer<ApiDocument>().AddOperationTransformer<ApiDocument>());
        builder.Services.Configure<JsonOptions>(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, JobsJson.Default);
            options.SerializerOptions.TypeInfoResolverChain.Insert(1, ApiJson.Default);
            options.SerializerOptions.TypeInfoResolverChain.Insert(2, WebhookJson.Default);
            options.SerializerOptions.TypeInfoResolverChain.Insert(3, ScheduleJson.Default);
            options.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower;
        });
        builder.Services.AddSingleton<SubmitEndpoint>();
        return builder;
    }

    /// <summary>The way of a request: border (ids, errors), routing, access, endpoint. Health and metrics are everywhere, jobs where the API role is.</summary>
    public static WebApplication MapApi(this WebApplication app, SluiceHostOptions host)
    {
        app.UseMiddleware<RequestBorder>();
        app.UseRouting();
        app.UseMiddleware<AccessMiddleware>();
        app.MapHealth();
        app.MapMetrics();
        if (host.Runs(HostRole.Api))
        {
            app.MapJobs();
            app.MapModels();
            app.MapCache();
            app.MapWebhooks();
            app.MapSubmissions();
            app.MapSchedules();
            app.MapOpenApi().Needs(KeyScopes.Read);
        }
        return app;
    }

    private static void Limit(KestrelServerOptions kestrel, ApiOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = JobBody.MaxBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = options.MaxHeaderBytes;
        kestrel.Limits.RequestHeadersTimeout = options.HeadersTimeout;
        kestrel.Limits.KeepAliveTimeout = options.KeepAlive;
    }
}
