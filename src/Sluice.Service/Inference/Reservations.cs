using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Turns tickets into held jobs, many per statement: whatever came while the last reservation ran shares the next, the more urgent class first. Past the hold
/// limit, and while draining, nothing is taken: the tickets stay with the broker.
/// </summary>
internal sealed partial class Reservations(
    IJobStore store, Incarnation incarnation, HeldJobs held, InferenceLoops loops, IOptions<WorkerOptions> options, TimeProvider time, ILogger<Reservations> logger)
{
    private static readonly JobClass[] s_classes = [.. Enum.GetValues<JobClass>().Order()];

    // One per class, unbounded: the queues' prefetch bounds what can be in them.
    private readonly ConcurrentQueue<Pending>[] _tickets = [.. s_classes.Select(_ => new ConcurrentQueue<Pending>())];
    private readonly WakeUp _wake = new(time);
    private readonly int _max = options.Value.ReserveMax;

    /// <summary>
    /// Returns when the jobs are held here, or were there to be held no more: the ticket may be forgotten then. Those that are held are read again where the ticket
    /// is more urgent than they were. The deadline is that of every one of the jobs, or null.
    /// </summary>
    public Task AddAsync(JobClass jobClass, DateTimeOffset? deadline, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken)
    {
        JobId[] news = [.. jobs.Where(job => held.IsNews(job, jobClass, deadline))];
        if (news.Length == 0)
        {
            return Task.CompletedTask;
        }
        Asked ticket = new(jobClass, deadline, news.Length);
        foreach (JobId job in news)
        {
            _tickets[(int)jobClass].Enqueue(new Pending(job, ticket));
        }
        _wake.Pulse();
        return ticket.Done.WaitAsync(cancellationToken);
    }

    /// <summary>Reserves until <paramref name="stop"/>; a reservation under way is finished. Ends without an exception.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        held.Left += _wake.Pulse;
        try
        {
            while (true)
            {
                await _wake.WaitAsync(Timeout.InfiniteTimeSpan, stop);
                while (Take() is { Count: > 0 } batch)
                {
                    stop.ThrowIfCancellationRequested();
                    await ReserveAsync(batch);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // tickets that were not answered go back to the broker with their channel
        }
    }

    /// <summary>As many as there is room for, each class within its own.</summary>
    private List<Pending> Take()
    {
        List<Pending> batch = [];
        foreach (JobClass jobClass in s_classes)
        {
            int room = Math.Min(_max, held.Room(jobClass));
            while (batch.Count < room && _tickets[(int)jobClass].TryDequeue(out Pending pending))
            {
                batch.Add(pending);
            }
        }
        return batch;
    }

    private async Task ReserveAsync(List<Pending> batch)
    {
        (Guid worker, CancellationToken dead) = incarnation.Current;
        JobId[] ids = [.. batch.Where(IsNews).Select(pending => pending.Job).Distinct()];
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
            pending.Ticket.Answered();
        }
    }

    private bool IsNews(Pending pending) => held.IsNews(pending.Job, pending.Ticket.Class, pending.Ticket.Deadline);

    [LoggerMessage(4020, LogLevel.Debug, "Reserved {Jobs} jobs for {Tickets} tickets")]
    private partial void LogReserved(int jobs, int tickets);

    [LoggerMessage(4021, LogLevel.Error, "A reservation for {Tickets} tickets failed; the reconciler sends them again")]
    private partial void LogFailed(Exception exception, int tickets);

    private readonly record struct Pending(JobId Job, Asked Ticket);

    /// <summary>A ticket, until all of its jobs are answered for.</summary>
    private sealed class Asked(JobClass jobClass, DateTimeOffset? deadline, int jobs)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = jobs;

        public JobClass Class => jobClass;
        public DateTimeOffset? Deadline => deadline;
        public Task Done => _done.Task;

        public void Answered()
        {
            if (Interlocked.Decrement(ref _left) == 0)
            {
                _done.TrySetResult();
            }
        }
    }
}
