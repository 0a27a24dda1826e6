using Microsoft.Extensions.Diagnostics.HealthChecks;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>The store answers a look-up within a second.</summary>
internal sealed class StoreHealth(IJobStore store, TimeProvider time) : IHealthCheck
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(1);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await store.GetAsync("health", default(JobId), cancellationToken).WaitAsync(s_limit, time, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception exception) when (exception is StoreUnavailableException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy("The store does not answer.", exception);
        }
    }
}
