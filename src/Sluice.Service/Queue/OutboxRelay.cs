using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Service.Intake;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Queue;

/// <summary>
/// Carries committed outbox rows to the bus, woken by the transactions of this process and by a slow poll for those of others.
/// While the broker is away the rows wait: nothing that was accepted depends on it.
/// </summary>
internal sealed partial class OutboxRelay(
    IJobStore store, OutboxPublisher publisher, OutboxSignal signal, SluiceMetrics metrics, IOptions<QueueOptions> options, TimeProvider time, ILogger<OutboxRelay> logger) : BackgroundService
{
    private readonly QueueOptions _options = options.Value;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        TimeSpan pause = TimeSpan.Zero;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                try
                {
                    int published = await store.RelayOutboxAsync(_options.RelayMax, PublishAsync, stoppingToken);
                    if (pause > TimeSpan.Zero)
                    {
                        pause = TimeSpan.Zero;
                        LogRecovered();
                    }
                    if (published == 0)
                    {
                        await signal.WaitAsync(_options.RelayPoll, stoppingToken);
                    }
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    if (pause == TimeSpan.Zero)
                    {
                        LogWaiting(e.Message);
                    }
                    publisher.Forget();
                    pause = TimeSpan.FromTicks(Math.Clamp(pause.Ticks * 2, _options.RelayPoll.Ticks, _options.RelayBackoff.Ticks));
                    await Task.Delay(pause, time, stoppingToken);
                }
            }
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // rows that are left are another node's, or this one's after its next start
        }
    }

    private async Task PublishAsync(IReadOnlyList<OutboxRow> rows, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(_options.PublishTimeout, time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await publisher.PublishAsync(rows, both.Token).WaitAsync(both.Token);
            TimeSpan oldest = time.GetUtcNow() - rows.Min(row => row.CreatedAt);
            metrics.Relayed(rows.Count, oldest < TimeSpan.Zero ? TimeSpan.Zero : oldest);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The broker confirmed not all of {rows.Count} messages within {_options.PublishTimeout}.");
        }
    }

    [LoggerMessage(3001, LogLevel.Warning, "The outbox waits: {Reason}")]
    private partial void LogWaiting(string reason);

    [LoggerMessage(3002, LogLevel.Information, "The outbox flows again")]
    private partial void LogRecovered();
}
