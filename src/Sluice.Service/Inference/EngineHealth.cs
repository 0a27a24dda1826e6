using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Sluice.Service.Inference;

/// <summary>Every engine is loaded and gets something done, and the store knows this worker.</summary>
internal sealed class EngineHealth(EngineHost engines, Incarnation incarnation, Watchdog watchdog) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        !engines.IsReady ? HealthCheckResult.Unhealthy("Engines are loading.")
        : !incarnation.IsRegistered ? HealthCheckResult.Unhealthy("The worker is not registered.")
        : watchdog.Slow is { } slow ? HealthCheckResult.Unhealthy(slow)
        : HealthCheckResult.Healthy());
}
