using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Has the store set things right, round after round: the dead buried, deadlines kept, lost tickets sent again. Needs nothing of the broker. Nobody is declared dead before the store has
/// answered this node for as long as a worker may be silent: while a database is away, or replays its log, no worker can be heard.
/// </summary>
internal sealed partial class Reconciler(
    IJobStore store, LostTickets lost, OutboxSignal signal, SluiceMetrics metrics, IOptions<WorkerOptions> options, TimeProvider time, ILogger<Reconciler> logger) : BackgroundService
{
    private long? _answersSince; // a timestamp; null while the store does not answer
    private readonly ReconcileOptions _limits = new() { HeartbeatTimeout = options.Value.HeartbeatTimeout, TicketTimeout = options.Value.TicketTimeout };

    /// <summary>What a round leaves undone the next does, or another node's.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Rounds.RunAsync(options.Value.ReconcileInterval, atOnce: false, ReconcileAsync, failure => LogFailed(failure.Message), time, stoppingToken);

    private async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        LostTickets.Loss? loss = lost.Current;
        ReconcileReport report = await AskAsync(_limits with { TicketsLost = loss?.Age }, cancellationToken);
        if (loss is not null && report.Ran && report.Reticketed < _limits.Max)
        {
            lost.Done(loss);
        }
        if (report.Unkept > 0)
        {
            metrics.Promised(report.Unkept, kept: false);
        }
        metrics.Ended(JobState.Expired, report.Expired);
        metrics.Ended(JobState.Failed, report.Exhausted + report.Poisoned);
        if (report.Ran && report != new ReconcileReport(0, 0, 0, 0, 0, 0))
        {
            LogRound(report.DeadWorkers, report.Requeued, report.Freed, report.Expired, report.Reticketed, report.Exhausted, report.Poisoned);
            signal.Pulse();
        }
    }

    private async Task<ReconcileReport> AskAsync(ReconcileOptions limits, CancellationToken cancellationToken)
    {
        try
        {
            bool heard = _answersSince is { } since && time.GetElapsedTime(since) >= limits.HeartbeatTimeout;
            ReconcileReport report = await store.ReconcileAsync(limits with { DeclaresDead = heard }, cancellationToken);
            _answersSince ??= time.GetTimestamp();
            return report;
        }
        catch (StoreUnavailableException)
        {
            _answersSince = null;
            throw;
        }
    }

    [LoggerMessage(4070, LogLevel.Information, "Reconciled: {Dead} dead workers, {Requeued} jobs requeued, {Freed} freed, {Expired} expired, {Reticketed} re-ticketed, {Exhausted} exhausted, {Poisoned} poison")]
    private partial void LogRound(int dead, int requeued, int freed, int expired, int reticketed, int exhausted, int poisoned);

    [LoggerMessage(4071, LogLevel.Warning, "Reconciling failed and is tried again: {Reason}")]
    private partial void LogFailed(string reason);
}
