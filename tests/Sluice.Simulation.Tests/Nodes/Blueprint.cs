using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Service;
using Sluice.Service.Cache;
using Sluice.Service.Inference;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Sluice.Service.Quotes;
using Sluice.Service.Telemetry;
using Sluice.Service.Webhooks;

namespace Sluice.Simulation.Tests.Nodes;

/// <summary>The service's own composition, read once, and built anew for every process with what the simulation puts in its place.</summary>
internal static class Blueprint
{
    private static readonly Lazy<ServiceDescriptor[]> s_worker = new(() => Read(HostRole.Worker));
    private static readonly Lazy<ServiceDescriptor[]> s_api = new(() => Read(HostRole.Api));
    private static readonly Lazy<SluiceMetrics> s_metrics = new(() => new SluiceMetrics(new Meters()));
    private static readonly ModelCatalog s_models = new([StubModel.Create()]);
    private static readonly SecretBox s_box = SecretBox.Open(new WebhookOptions(), embedded: true);
    private static readonly LexicalEmbedder s_embedder = new();

    private static readonly MethodInfo s_execute = typeof(BackgroundService).GetMethod("ExecuteAsync", BindingFlags.Instance | BindingFlags.NonPublic)!;

    public static ModelCatalog Models => s_models;

    public static ServiceProvider Build(HostRole role, Action<IServiceCollection> put)
    {
        ServiceCollection services = [];
        foreach (ServiceDescriptor descriptor in role == HostRole.Worker ? s_worker.Value : s_api.Value)
        {
            ((ICollection<ServiceDescriptor>)services).Add(descriptor);
        }
        services.AddSingleton(s_metrics.Value).AddSingleton(s_models).AddSingleton(s_box).AddSingleton<IEmbedder>(s_embedder);
        put(services);
        return services.BuildServiceProvider();
    }

    /// <summary>What the host would run on the thread pool, run by the caller.</summary>
    public static Task ExecuteAsync(BackgroundService service, CancellationToken stop) => (Task)s_execute.Invoke(service, [stop])!;

    private static ServiceDescriptor[] Read(HostRole role)
    {
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Roles = new HashSet<HostRole> { role } };
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.AddModels(options);
        builder.AddCache();
        builder.AddWebhooks(options);
        builder.AddQuotes();
        builder.AddIntake();
        builder.AddReconciler();
        builder.AddInference(options);
        builder.Services
            .AddSingleton(new QueueNames("sim"))
            .AddSingleton(Options.Create(new QueueOptions { Transport = QueueTransport.InMemory }))
            .AddSingleton<BrokerTopology>()
            .AddSingleton<OutboxPublisher>()
            .AddSingleton<SubmitConsumer>()
            .AddSingleton<FinishedConsumer>()
            .AddSingleton<TicketConsumer>();
        return [.. builder.Services.Where(service => service.ServiceType != typeof(SluiceMetrics) && service.ServiceType != typeof(ILoggerProvider))];
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new("simulation");

        public void Dispose()
        {
        }
    }
}
