using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Compares what the store has down to this worker with what the process knows of. The answer of a call that took effect may have been lost: such jobs
/// would belong to a living worker that never runs them. Held ones join a former; running ones go back to the queue, nothing charged. Jobs that wait here and are
/// another's or nobody's by now, cancelled or taken over, leave.
/// </summary>
/// <remarks>A job is unknown when two rounds in a row find it so: whatever is just on its way between two places of the process is left alone.</remarks>
internal sealed partial class Inventory(
    IJobStore store, Incarnation incarnation, InferenceLoops loops, HeldJobs held, RunningJobs running, Finisher finisher, OutboxSignal signal, IOptions<WorkerOptions> options,
    TimeProvider time, ILogger<Inventory> logger)
{
    private HashSet<Holding> _suspected = [];

    /// <summary>Looks until <paramref name="stop"/>. Ends without an exception.</summary>
    public Task RunAsync(CancellationToken stop) =>
        Rounds.RunAsync(options.Value.InventoryInterval, atOnce: false, LookAsync, failure => LogFailed(failure.Message), time, stop);

    private async Task LookAsync(CancellationToken stop)
    {
        (Guid worker, CancellationToken dead) = incarnation.Current;
        ICollection<JobId> waits = held.Ids; // before the store is asked: what comes meanwhile is not missed in its answer
        IReadOnlyList<Holding> holdings = await store.HeldAsync(worker, stop);
        HashSet<Holding> unknown = [.. holdings.Where(IsUnknown)];
        Holding[] sure = [.. unknown.Where(_suspected.Contains).Where(IsUnknown)];
        _suspected = unknown;
        if (dead.IsCancellationRequested)
        {
            return;
        }
        int dropped = loops.Drop([.. waits.Except(holdings.Select(holding => holding.Fence.Job))]);
        if (dropped > 0)
        {
            LogDropped(dropped);
        }
        if (sure.Length == 0)
        {
            return;
        }
        JobId[] waiting = [.. sure.Where(holding => !holding.Runs).Select(holding => holding.Fence.Job)];
        Fence[] ran = [.. sure.Where(holding => holding.Runs).Select(holding => holding.Fence)];
        LogFound(waiting.Length, ran.Length);
        if (ran.Length > 0)
        {
            await store.ReleaseAsync(worker, ran, stop);
            signal.Pulse();
        }
        IReadOnlyList<ReservedJob> jobs = await store.ReserveAsync(worker, waiting, stop);
        if (!dead.IsCancellationRequested)
        {
            await loops.AddAsync(worker, jobs);
        }
    }

    private bool IsUnknown(Holding holding) =>
        !held.Contains(holding.Fence.Job) && !running.Contains(holding.Fence.Job) && !finisher.Contains(holding.Fence);

    [LoggerMessage(4110, LogLevel.Warning, "The store had jobs down to this worker that it did not know of: {Waiting} held ones wait for a batch now, {Running} running ones go back to the queue")]
    private partial void LogFound(int waiting, int running);

    [LoggerMessage(4112, LogLevel.Information, "Let go of {Jobs} held jobs that were cancelled or taken over")]
    private partial void LogDropped(int jobs);

    [LoggerMessage(4111, LogLevel.Warning, "Could not compare the jobs of this worker with the store's: {Reason}")]
    private partial void LogFailed(string reason);
}
