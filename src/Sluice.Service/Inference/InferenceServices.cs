using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sluice.Batching;
using Sluice.Engine;
using Sluice.Service.Api;
using Sluice.Service.Models;
using Sluice.Service.Queue;

namespace Sluice.Service.Inference;

/// <summary>What runs jobs, and what keeps them from being forgotten.</summary>
internal static class InferenceServices
{
    private const int StubStepTokens = 65_536;

    /// <summary>The worker's side. Registered before the queue, so that the bus ends first and hands back what was not reserved.</summary>
    public static IHostApplicationBuilder AddInference(this IHostApplicationBuilder builder, SluiceHostOptions host)
    {
        if (!host.Runs(HostRole.Worker))
        {
            return builder;
        }
        AddOptions(builder);
        builder.Services.AddHealthChecks().AddCheck<EngineHealth>("engines", tags: [HealthEndpoints.RequiredTag]);
        builder.Services
            .AddSingleton(provider => new FormerOptions { TenantWeights = provider.GetRequiredService<IOptions<WorkerOptions>>().Value.TenantWeights })
            .AddSingleton(Stub)
            .AddSingleton<Incarnation>()
            .AddSingleton<HeldJobs>()
            .AddSingleton<RunningJobs>()
            .AddSingleton<CacheScopes>()
            .AddSingleton<EngineRequests>()
            .AddSingleton<EngineHost>()
            .AddSingleton<Claims>()
            .AddSingleton<Finisher>()
            .AddSingleton<BatchRunner>()
            .AddSingleton<InferenceLoops>()
            .AddSingleton<Reservations>()
            .AddSingleton<ForeignShards>()
            .AddSingleton<Stealing>()
            .AddSingleton<Resuming>()
            .AddSingleton<Heartbeat>()
            .AddSingleton<Inventory>()
            .AddSingleton<EndProcess>(Environment.FailFast)
            .AddSingleton<Watchdog>()
            .AddSingleton<CostKeeper>()
            .AddSingleton<Drain>()
            .AddSingleton<Haste>()
            .AddHostedService<Worker>();
        return builder;
    }

    /// <summary>Every node may reconcile: the store lets one at a time.</summary>
    public static IHostApplicationBuilder AddReconciler(this IHostApplicationBuilder builder)
    {
        AddOptions(builder);
        builder.Services.AddSingleton<LostTickets>();
        builder.Services.AddHostedService<Reconciler>();
        return builder;
    }

    private static StubOptions Stub(IServiceProvider provider)
    {
        WorkerOptions options = provider.GetRequiredService<IOptions<WorkerOptions>>().Value;
        StubOptions stub = new() { BatchTime = options.StubDelay, MaxSequences = options.StubSequences, MaxStepTokens = StubStepTokens };
        return options.StubCrashOn is { Length: > 0 } text ? stub with { Fault = CrashOn(text) } : stub;
    }

    private static Func<EngineRequest, StubFault> CrashOn(string text)
    {
        int[] marked = StubModel.Create().EncodeChoice(text);
        return request =>
        {
            if (request.Prompt.AsSpan().IndexOf(marked) >= 0)
            {
                Environment.FailFast("The stub engine ends the process, as Worker:StubCrashOn asks for.");
            }
            return StubFault.None;
        };
    }

    private static void AddOptions(IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IValidateOptions<WorkerOptions>, WorkerOptionsValidator>();
        builder.Services.AddOptions<WorkerOptions>()
            .Bind(builder.Configuration.GetSection(WorkerOptions.Section))
            .ValidateDataAnnotations()
            .ValidateOnStart();
    }
}
