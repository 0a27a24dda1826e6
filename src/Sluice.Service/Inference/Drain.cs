using Microsoft.Extensions.Logging;
using Sluice.Batching;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// The steps of an orderly end, after nothing new is taken: held jobs go back to the queue, running ones may end within the time that is left,
/// and what has not ended by then goes back too. Nothing is charged. A store that is away or fails does not hold the process up: the reconciler frees what was left.
/// </summary>
internal sealed partial class Drain(
    IJobStore store, Incarnation incarnation, InferenceLoops loops, HeldJobs held, RunningJobs running, OutboxSignal signal, TimeProvider time, ILogger<Drain> logger)
{
    /// <summary>How long the last results, and each of the last calls, may take: with 20 s for the runs, the process ends within 25 s.</summary>
    public static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    public async Task ReleaseHeldAsync(CancellationToken limit)
    {
        IReadOnlyList<WaitingJob> jobs = loops.TakeAll();
        if (jobs.Count == 0)
        {
            return;
        }
        foreach (WaitingJob job in jobs)
        {
            held.Remove(job.Id);
        }
        LogHeld(jobs.Count);
        Crash.At("drain_before_release");
        await TryAsync(token => store.UnreserveAsync(incarnation.Current.Id, [.. jobs.Select(job => job.Id)], reticket: true, token), limit);
        signal.Pulse();
    }

    /// <summary>Waits for the runs until <paramref name="limit"/>, then ends and releases those that are left.</summary>
    public async Task EndRunsAsync(CancellationToken limit)
    {
        await AwaitRunsAsync(limit);
        Guid worker = incarnation.Current.Id;
        Fence[] left = running.CancelAll();
        if (left.Length == 0)
        {
            return;
        }
        using CancellationTokenSource soon = new(LastWrites, time);
        await AwaitRunsAsync(soon.Token);
        LogReleased(left.Length);
        using CancellationTokenSource last = new(LastWrites, time);
        await TryAsync(token => store.ReleaseAsync(worker, left, token), last.Token);
        signal.Pulse();
    }

    public async Task RetireAsync()
    {
        Crash.At("drain_before_retire");
        using CancellationTokenSource last = new(LastWrites, time);
        await TryAsync(token => store.RetireWorkerAsync(incarnation.Current.Id, token), last.Token);
        incarnation.Die();
        LogRetired();
    }

    private async Task AwaitRunsAsync(CancellationToken limit)
    {
        try
        {
            while (running.Active > 0)
            {
                await Task.Delay(s_look, time, limit);
            }
        }
        catch (OperationCanceledException)
        {
            // time is over
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> call, CancellationToken limit)
    {
        try
        {
            await call(limit);
        }
        catch (Exception e)
        {
            LogLeft(e.Message);
        }
    }

    [LoggerMessage(4100, LogLevel.Information, "Draining: {Jobs} held jobs go back to the queue")]
    private partial void LogHeld(int jobs);

    [LoggerMessage(4101, LogLevel.Information, "Draining: {Jobs} running jobs did not end in time and go back to the queue")]
    private partial void LogReleased(int jobs);

    [LoggerMessage(4102, LogLevel.Warning, "Draining: the store could not be told, the reconciler will free what is left: {Reason}")]
    private partial void LogLeft(string reason);

    [LoggerMessage(4103, LogLevel.Information, "Drained")]
    private partial void LogRetired();
}
