using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Sluice.Service.Access;
using Sluice.Service.Api;
using Sluice.Service.Cache;
using Sluice.Service.Inference;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Sluice.Service.Quotes;
using Sluice.Service.Retention;
using Sluice.Service.Schedules;
using Sluice.Service.Submissions;
using Sluice.Service.Telemetry;
using Sluice.Service.Webhooks;

namespace Sluice.Service;

/// <summary>Puts a process together. The table of contents of the service: one line per part.</summary>
public static class SluiceHost
{
    private static readonly TimeSpan s_shutdown = TimeSpan.FromSeconds(25);

    /// <summary>A host that is composed and not yet started. Throws <see cref="ArgumentException"/> for roles that are not built.</summary>
    public static WebApplication Build(SluiceHostOptions options) => Build(options, null);

    /// <param name="options">What the process is to be.</param>
    /// <param name="others">Registers parts before the service's own: hosted ones start first, and a store or clock of theirs is the service's.</param>
    internal static WebApplication Build(SluiceHostOptions options, Action<IServiceCollection>? others)
    {
        ArgumentNullException.ThrowIfNull(options);
        HostRoles.Require(options.Roles ?? HostRoles.Built.ToHashSet());

        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "sluice", ContentRootPath = AppContext.BaseDirectory });
        HostConfiguration.Add(builder.Configuration, options);
        builder.Services.AddSingleton(options.Time);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = s_shutdown);

        others?.Invoke(builder.Services);
        builder.AddLog();
        builder.AddTelemetry();
        builder.AddModels(options);
        builder.AddStore(options);
        builder.AddAccess();
        builder.AddCache();
        builder.AddWebhooks(options);
        builder.AddQuotes();
        builder.AddIntake();
        builder.AddSubmissions(options);
        builder.AddReconciler();
        builder.AddRetention(options);
        builder.AddInference(options);
        builder.AddQueue(options);
        builder.AddSchedules(options);
        builder.AddApi();
        return builder.Build().MapApi(options);
    }

    /// <summary>The settings that a host of these options would have.</summary>
    public static IConfiguration Configuration(SluiceHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ConfigurationManager configuration = new();
        HostConfiguration.Add(configuration, options);
        return configuration;
    }

    /// <summary>The store alone, for commands that work on it without a service.</summary>
    public static ServiceProvider OpenStore(SluiceHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        HostConfiguration.Add(builder.Configuration, options);
        builder.Services.AddSingleton(options.Time);
        builder.AddStore(options);
        return builder.Services.BuildServiceProvider();
    }
}
