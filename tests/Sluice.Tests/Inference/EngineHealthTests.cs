using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Engine;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class EngineHealthTests
{
    private static async Task<HealthCheckResult> CheckAsync(EngineHost engines, Incarnation incarnation, Watchdog watchdog) =>
        await new EngineHealth(engines, incarnation, watchdog).CheckHealthAsync(new HealthCheckContext(), CancellationToken.None);

    [Fact]
    public async Task It_is_well_only_with_every_engine_loaded_and_the_worker_known_to_the_store()
    {
        await using WorkerRig rig = await Embedded.StartAsync();
        InferenceLoops loops = rig.Get<InferenceLoops>();
        Watchdog watchdog = rig.Get<Watchdog>();
        await using EngineHost engines = new(loops, new StubOptions(), Options.Create(new WorkerOptions()), TimeProvider.System, NullLoggerFactory.Instance, NullLogger<EngineHost>.Instance);
        Incarnation incarnation = new(rig.Store, rig.Get<ModelCatalog>(), Options.Create(new WorkerOptions { Name = "another" }), rig.Get<QueueNames>(), TimeProvider.System);

        HealthCheckResult loading = await CheckAsync(engines, incarnation, watchdog);
        Assert.Equal((HealthStatus.Unhealthy, "Engines are loading."), (loading.Status, loading.Description));

        await engines.LoadAsync(Assert.Single(loops.All), CancellationToken.None);
        HealthCheckResult unknown = await CheckAsync(engines, incarnation, watchdog);
        Assert.Equal((HealthStatus.Unhealthy, "The worker is not registered."), (unknown.Status, unknown.Description));

        await incarnation.RegisterAsync(CancellationToken.None);
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(engines, incarnation, watchdog)).Status);

        incarnation.Die();
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(engines, incarnation, watchdog)).Status);
    }
}
