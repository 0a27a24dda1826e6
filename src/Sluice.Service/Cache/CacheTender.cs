using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Store;

namespace Sluice.Service.Cache;

/// <summary>Tends the cache in rounds. Several processes may: what one has done the next has not to do.</summary>
internal sealed partial class CacheTender(ISemanticCache cache, IOptions<CacheOptions> options, TimeProvider time, ILogger<CacheTender> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Rounds.RunAsync(options.Value.TendEvery, atOnce: false, TendAsync, failure => LogFailed(logger, failure), time, stoppingToken);

    private async Task TendAsync(CancellationToken cancellationToken) => LogTended(logger, await cache.TendAsync(cancellationToken));

    [LoggerMessage(1501, LogLevel.Debug, "{Expired} expired cache entries are deleted")]
    private static partial void LogTended(ILogger logger, int expired);

    [LoggerMessage(1502, LogLevel.Warning, "The cache could not be tended")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
