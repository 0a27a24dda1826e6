using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Store;

namespace Sluice.Service.Cache;

/// <summary>Tends the cache in rounds. Several processes may: what one has done the next has not to do.</summary>
internal sealed partial class CacheTender(ISemanticCache cache, IOptions<CacheOptions> options, TimeProvider time, ILogger<CacheTender> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer rounds = new(options.Value.TendEvery, time);
        try
        {
            while (await rounds.WaitForNextTickAsync(stoppingToken)) await TendAsync(stoppingToken);
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // A host that fails to start ends its services without stopping them: that is no failure of this one.
        }
    }

    private async Task TendAsync(CancellationToken cancellationToken)
    {
        try
        {
            int expired = await cache.TendAsync(cancellationToken);
            LogTended(logger, expired);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The next round does what this one could not.
            LogFailed(logger, exception);
        }
    }

    [LoggerMessage(1501, LogLevel.Debug, "{Expired} expired cache entries are deleted")]
    private static partial void LogTended(ILogger logger, int expired);

    [LoggerMessage(1502, LogLevel.Warning, "The cache could not be tended")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
