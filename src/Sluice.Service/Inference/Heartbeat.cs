using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Tells the store that this worker lives. When the store has declared it dead meanwhile, everything in hand belongs to others: work stops,
/// and the worker begins anew under a fresh id.
/// </summary>
internal sealed partial class Heartbeat(
    IJobStore store, Incarnation incarnation, InferenceLoops loops, HeldJobs held, RunningJobs running, IOptions<WorkerOptions> options, TimeProvider time, ILogger<Heartbeat> logger)
{
    /// <summary>Declared dead, and not known under its fresh id yet.</summary>
    private bool _isToBeginAnew;

    /// <summary>Beats until <paramref name="stop"/>. Ends without an exception.</summary>
    public Task RunAsync(CancellationToken stop) =>
        Rounds.RunAsync(options.Value.HeartbeatInterval, atOnce: false, BeatAsync, failure => LogMissed(failure.Message), time, stop);

    /// <summary>Ends runs whose jobs are no longer this worker's to finish, until <paramref name="stop"/>: they would burn compute for nobody.</summary>
    public Task WatchLostAsync(CancellationToken stop) =>
        Rounds.RunAsync(options.Value.LostInterval, atOnce: false, EndLostAsync, failure => LogMissed(failure.Message), time, stop);

    private async Task BeatAsync(CancellationToken stop)
    {
        Crash.At("heartbeat_before_beat");
        if (_isToBeginAnew)
        {
            await AnnounceAsync(stop);
        }
        // before the store's first answer it knows of none, which is no death
        else if (incarnation.IsRegistered && !await store.HeartbeatAsync(incarnation.Current.Id, stop))
        {
            await BeginAnewAsync(stop);
        }
    }

    private async Task EndLostAsync(CancellationToken stop)
    {
        Fence[] fences = running.Fences;
        if (fences.Length == 0)
        {
            return;
        }
        IReadOnlyList<JobId> lost = await store.FindLostAsync(incarnation.Current.Id, fences, stop);
        foreach (JobId job in lost)
        {
            running.Cancel(job);
        }
        if (lost.Count > 0)
        {
            LogLost(lost.Count);
        }
    }

    private async Task BeginAnewAsync(CancellationToken stop)
    {
        Guid dead = incarnation.Current.Id;
        incarnation.Die();
        _isToBeginAnew = true;
        int dropped = loops.TakeAll().Count;
        held.Clear();
        LogDead(dead, running.Active, dropped);
        await AnnounceAsync(stop);
    }

    /// <summary>Where the store refuses, the next beat asks again.</summary>
    private async Task AnnounceAsync(CancellationToken stop)
    {
        await incarnation.RegisterAsync(stop);
        _isToBeginAnew = false;
    }

    [LoggerMessage(4060, LogLevel.Warning, "The store did not take a sign of life: {Reason}")]
    private partial void LogMissed(string reason);

    [LoggerMessage(4061, LogLevel.Error, "Worker {Worker} was declared dead: {Running} running and {Waiting} held jobs are dropped, and it begins anew")]
    private partial void LogDead(Guid worker, int running, int waiting);

    [LoggerMessage(4062, LogLevel.Information, "{Jobs} running jobs were cancelled or taken away; their work stops")]
    private partial void LogLost(int jobs);
}
