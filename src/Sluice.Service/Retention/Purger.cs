using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Retention;

/// <summary>Deletes what has been kept long enough, in small transactions, round after round.</summary>
internal sealed partial class Purger(IRetentionStore store, SluiceMetrics metrics, IOptions<RetentionOptions> options, TimeProvider time, ILogger<Purger> logger) : BackgroundService
{
    private readonly RetentionOptions _options = options.Value;

    /// <summary>One round: batches until nothing is left, or another node is at it. What went.</summary>
    public async Task<PurgeReport> RunAsync(CancellationToken cancellationToken)
    {
        PurgeLimits limits = new() { Most = _options.Batch, Facts = _options.Facts, Runs = _options.Runs };
        PurgeReport all = PurgeReport.None;
        while (await store.PurgeAsync(limits, cancellationToken) is { } gone)
        {
            metrics.Purged(gone);
            all = all.And(gone);
            if (!gone.Reached(limits.Most))
            {
                break;
            }
            await Task.Delay(_options.Pause, time, cancellationToken);
        }
        if (all != PurgeReport.None)
        {
            LogPurged(all.Jobs, all.Facts, all.Keys, all.Deliveries, all.Lines, all.Runs);
        }
        return all;
    }

    /// <summary>What a round leaves undone the next does, or another node's.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(_options.Every / 10, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Rounds.RunAsync(_options.Every, atOnce: true, RunAsync, failure => LogFailed(failure.Message), time, stoppingToken);
    }

    [LoggerMessage(6101, LogLevel.Information, "Retention is over: input and result of {Jobs} jobs, rows of {Facts} jobs, {Keys} idempotency keys, {Deliveries} webhook deliveries, {Lines} lines of submissions and {Runs} runs of schedules are deleted")]
    private partial void LogPurged(int jobs, int facts, int keys, int deliveries, int lines, int runs);

    [LoggerMessage(6102, LogLevel.Warning, "What has been kept long enough could not be deleted and is tried again: {Reason}")]
    private partial void LogFailed(string reason);
}
