using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Turns tickets into held jobs, many per statement: whatever came while the last reservation ran shares the next. Past the hold limit, and while
/// draining, nothing is taken: the tickets stay with the broker.
/// </summary>
internal sealed partial class Reservations(
    IJobStore store, Incarnation incarnation, HeldJobs held, InferenceLoops loops, IOptions<WorkerOptions> options, TimeProvider time, ILogger<Reservations> logger)
{
    // Unbounded: the queues' prefetch bounds what can be in it.
    private readonly Channel<Pending> _tickets = Channel.CreateUnbounded<Pending>(new UnboundedChannelOptions { SingleReader = true });
    private readonly int _max = options.Value.ReserveMax;

    /// <summary>Returns when the jobs are held here, or were there to be held no more: the ticket may be forgotten then.</summary>
    public Task AddAsync(IReadOnlyList<JobId> jobs, CancellationToken cancellationToken)
    {
        Pending[] pending = [.. jobs.Where(job => !held.Contains(job)).Select(job => new Pending(job))];
        foreach (Pending one in pending)
        {
            _tickets.Writer.TryWrite(one);
        }
        return pending.Length == 0 ? Task.CompletedTask : Task.WhenAll(pending.Select(one => one.Done.Task)).WaitAsync(cancellationToken);
    }

    /// <summary>Reserves until <paramref name="stop"/>; a reservation under way is finished. Ends without an exception.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        List<Pending> batch = new(_max);
        try
        {
            while (await _tickets.Reader.WaitToReadAsync(stop))
            {
                int room = Math.Min(_max, await held.RoomAsync(stop));
                batch.Clear();
                while (batch.Count < room && _tickets.Reader.TryRead(out Pending? pending))
                {
                    batch.Add(pending);
                }
                stop.ThrowIfCancellationRequested();
                await ReserveAsync(batch);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // tickets that were not answered go back to the broker with their channel
        }
    }

    private async Task ReserveAsync(List<Pending> batch)
    {
        (Guid worker, CancellationToken dead) = incarnation.Current;
        JobId[] ids = [.. batch.Select(pending => pending.Job).Distinct().Where(id => !held.Contains(id))];
        try
        {
            if (ids.Length > 0)
            {
                IReadOnlyList<ReservedJob> jobs = await StoreRetry.UntilAnsweredAsync(token => store.ReserveAsync(worker, ids, token), time, dead);
                if (!dead.IsCancellationRequested)
                {
                    await loops.AddAsync(worker, jobs);
                }
                LogReserved(jobs.Count, ids.Length);
            }
        }
        catch (OperationCanceledException) when (dead.IsCancellationRequested)
        {
            // what was reserved went with the incarnation; the reconciler sends the tickets again
        }
        catch (Exception e)
        {
            LogFailed(e, ids.Length);
        }
        foreach (Pending pending in batch)
        {
            pending.Done.TrySetResult();
        }
    }

    [LoggerMessage(4020, LogLevel.Debug, "Reserved {Jobs} jobs for {Tickets} tickets")]
    private partial void LogReserved(int jobs, int tickets);

    [LoggerMessage(4021, LogLevel.Error, "A reservation for {Tickets} tickets failed; the reconciler sends them again")]
    private partial void LogFailed(Exception exception, int tickets);

    private sealed class Pending(JobId job)
    {
        public JobId Job => job;
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
