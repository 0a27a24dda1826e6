using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Store;

namespace Sluice.Service.Webhooks;

/// <summary>Sends what is due, round after round. Any number of nodes may: each takes rows that no other has.</summary>
internal sealed partial class WebhookSender(
    IWebhookStore store, DeliveryRunner runner, WebhookBody body, SecretBox box, IOptions<WebhookOptions> options, TimeProvider time, ILogger<WebhookSender> logger) : BackgroundService
{
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(5);
    private readonly DeliveryLanes _lanes = new(options.Value, time);

    /// <summary>The loop's own.</summary>
    private readonly List<Task> _running = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!box.IsReady)
        {
            LogNoKey();
            return;
        }
        using CancellationTokenSource abandon = new();
        bool failed = false;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                Task freed = _lanes.Freed;
                try
                {
                    if (await RoundAsync(stoppingToken, abandon.Token) > 0)
                    {
                        continue;
                    }
                    failed = false;
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    if (!failed)
                    {
                        LogFailed(e.Message);
                    }
                    failed = true;
                }
                Task pause = Task.Delay(options.Value.Poll, time, stoppingToken);
                await (failed ? pause : Task.WhenAny(freed, pause));
            }
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // What is under way may end; the rest is another node's when its lease ends.
        }
        await DrainAsync(abandon);
    }

    /// <summary>Claims what there is room for and sets it going. Returns how many.</summary>
    private async Task<int> RoundAsync(CancellationToken stoppingToken, CancellationToken abandon)
    {
        _running.RemoveAll(task => task.IsCompleted);
        if (_lanes.Ask() is not { } claim)
        {
            return 0;
        }
        IReadOnlyList<DueDelivery> due = await store.ClaimAsync(claim, body.Compose, stoppingToken);
        foreach (DueDelivery delivery in due)
        {
            _lanes.Enter(delivery);
            _running.Add(Task.Run(() => DeliverAsync(delivery, abandon), CancellationToken.None));
        }
        return due.Count;
    }

    private async Task DeliverAsync(DueDelivery due, CancellationToken cancellationToken)
    {
        bool delivered = false;
        try
        {
            delivered = await runner.RunAsync(due, cancellationToken);
        }
        catch (Exception e)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                LogNotRecorded(DeliveryRunner.EventId(due.Id), e.Message);
            }
        }
        finally
        {
            _lanes.Leave(due, delivered);
        }
    }

    private async Task DrainAsync(CancellationTokenSource abandon)
    {
        Task all = Task.WhenAll(_running);
        if (await Task.WhenAny(all, Task.Delay(s_drain, time, CancellationToken.None)) != all)
        {
            await abandon.CancelAsync();
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1610, LogLevel.Warning, "Webhooks:SecretKey is not set: no webhook is accepted or sent")]
    private partial void LogNoKey();

    [LoggerMessage(1611, LogLevel.Warning, "Due webhooks could not be claimed and are asked for again: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(1612, LogLevel.Warning, "The outcome of webhook {Event} could not be recorded, it will be sent again: {Reason}")]
    private partial void LogNotRecorded(string @event, string reason);
}
