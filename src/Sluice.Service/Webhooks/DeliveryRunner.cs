using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Webhooks;

/// <summary>One attempt from claim to record. What is not recorded (crash, store away) is sent again when its lease ends: at least once, with the same id and bytes.</summary>
internal sealed partial class DeliveryRunner(
    IWebhookStore store, WebhookClient client, WebhookRules rules, WebhookSecrets secrets, SluiceMetrics metrics, IOptions<WebhookOptions> options, ILogger<DeliveryRunner> logger)
{
    /// <summary>Every attempt of a delivery has this id.</summary>
    public static string EventId(Guid delivery) => $"evt_{delivery:N}";

    /// <summary>True where the receiver accepted. Throws where the outcome could not be recorded.</summary>
    public async Task<bool> RunAsync(DueDelivery due, CancellationToken cancellationToken)
    {
        Crash.At("webhook_before_send");
        AttemptResult result = await AttemptAsync(due, cancellationToken);
        Crash.At("webhook_before_mark");
        DeliveryReport report = Report(due, result);
        metrics.WebhookAttempt(result.Error ?? "delivered");
        DeliveryRecorded recorded = await store.RecordAsync(report, options.Value.DisableAfter, cancellationToken);
        Crash.At("webhook_after_mark");
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogAttempt(EventId(due.Id), due.Attempt, result.Status, result.Error ?? "delivered", recorded);
        }
        if (recorded == DeliveryRecorded.Disabled)
        {
            LogDisabled(due.Endpoint, report.Gone ? "gone" : "failing");
        }
        return result.Error is null;
    }

    private async Task<AttemptResult> AttemptAsync(DueDelivery due, CancellationToken cancellationToken)
    {
        if (rules.Fault(due.Url, out Uri? url) is not null)
        {
            return new AttemptResult(null, AttemptErrors.UrlRefused);
        }
        IReadOnlyList<byte[]> keys;
        try
        {
            keys = await secrets.OfAsync(due, cancellationToken);
        }
        catch (CryptographicException failure)
        {
            LogUnreadable(due.Endpoint, failure.Message);
            return new AttemptResult(null, AttemptErrors.SecretUnreadable);
        }
        return await client.SendAsync(url!, EventId(due.Id), due.Body, keys, cancellationToken);
    }

    private static DeliveryReport Report(DueDelivery due, AttemptResult result)
    {
        if (result.Error is null)
        {
            return new DeliveryReport(due.Id, due.Attempt, DeliveryState.Delivered, result.Status, null, TimeSpan.Zero, false);
        }
        bool gone = result.Status == 410;
        TimeSpan? delay = gone || result.Error is AttemptErrors.BlockedAddress or AttemptErrors.UrlRefused ? null : RetrySchedule.After(due.Attempt, result.RetryAfter, Random.Shared.NextDouble());
        DeliveryState state = delay is not null ? DeliveryState.Pending : due.Attempt >= RetrySchedule.Attempts ? DeliveryState.Exhausted : DeliveryState.Dropped;
        return new DeliveryReport(due.Id, due.Attempt, state, result.Status, result.Error, delay ?? TimeSpan.Zero, gone);
    }

    [LoggerMessage(1601, LogLevel.Debug, "Webhook {Event} attempt {Attempt}: {Status} {Result}, {Recorded}")]
    private partial void LogAttempt(string @event, int attempt, int? status, string result, DeliveryRecorded recorded);

    [LoggerMessage(1602, LogLevel.Warning, "Webhook endpoint {Endpoint} is disabled: {Reason}")]
    private partial void LogDisabled(Guid? endpoint, string reason);

    [LoggerMessage(1603, LogLevel.Error, "The secret of webhook endpoint {Endpoint} cannot be opened: {Reason} Is Webhooks:SecretKey the same on every node?")]
    private partial void LogUnreadable(Guid? endpoint, string reason);
}
