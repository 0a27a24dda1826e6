using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>
/// The truth about jobs. Two are shipped: Postgres, and memory for embedded use; one contract test holds both.
/// Every time stamp and every comparison with "now" is the store's own clock (Postgres time; the memory store's <see cref="TimeProvider"/>), never the caller's.
/// Each member is one transaction. When the store cannot be reached, members throw <see cref="StoreUnavailableException"/>.
/// </summary>
public interface IJobStore
{
    /// <summary>
    /// Stores jobs, each as what it turns out to be: an answer from the exact cache (succeeded at once), a twin of an equal job that is queued or running
    /// (no ticket; it waits for that one), or queued, with its ticket in the outbox. A repeated idempotency key stores nothing.
    /// Results are in the order of <paramref name="jobs"/>; one job's refusal does not touch the others.
    /// </summary>
    Task<IReadOnlyList<SubmitResult>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken);

    /// <summary>The job that this tenant's key stands for, where it came with the same hash: what a repeat is answered with by <see cref="SubmitAsync"/>. Null: no such key, or another request's.</summary>
    Task<JobRecord?> FindRepeatedAsync(string tenant, string key, byte[] requestHash, CancellationToken cancellationToken);

    /// <summary>The job, or null where this tenant has none of that id.</summary>
    Task<JobRecord?> GetAsync(string tenant, JobId id, CancellationToken cancellationToken);

    /// <summary>Newest first, after the cursor, at most <see cref="JobQuery.Limit"/>; fewer, or none, with <see cref="JobList.Next"/> where those of a state are rare among many.</summary>
    Task<JobList> ListAsync(string tenant, JobQuery query, CancellationToken cancellationToken);

    /// <summary>What was asked for, to make a new job of it (retry); null where this tenant has no such job or its input was erased.</summary>
    Task<JobInput?> GetInputAsync(string tenant, JobId id, CancellationToken cancellationToken);

    /// <summary>From queued or running to cancelled, at once, moving the fence; a leader's oldest follower takes over. Null: no such job.</summary>
    Task<CancelResult?> CancelAsync(string tenant, JobId id, CancellationToken cancellationToken);

    /// <summary>Removes all that a person wrote or got: input, result, embedding, cache entry. A live job is cancelled first. False: no such job.</summary>
    Task<bool> EraseAsync(string tenant, JobId id, CancellationToken cancellationToken);

    /// <summary>
    /// Hands up to <paramref name="max"/> outbox rows to <paramref name="publish"/> and deletes them when it returns; when it throws they stay.
    /// Several relays may run: rows taken by one are skipped by the others. Returns how many were published.
    /// </summary>
    Task<int> RelayOutboxAsync(int max, Func<IReadOnlyList<OutboxRow>, CancellationToken, Task> publish, CancellationToken cancellationToken);

    /// <summary>
    /// Announces a worker incarnation; an earlier incarnation of the same name is declared dead at once and what it held or ran is queued and free again.
    /// What a dead worker ran is suspect from then on (<see cref="ReservedJob.Suspicions"/>) and nothing is charged, unless it was one job only and that a suspect
    /// already, run alone to be told from its company: that one is charged a failure, and ends as failed: poison where <see cref="JobLimits.IsPoison"/> says so.
    /// </summary>
    Task RegisterWorkerAsync(WorkerRegistration worker, CancellationToken cancellationToken);

    /// <summary>Marks the incarnation as alive. False: it was declared dead meanwhile and must register anew (under a new id).</summary>
    Task<bool> HeartbeatAsync(Guid worker, CancellationToken cancellationToken);

    /// <summary>The incarnation has drained: its row goes, and anything it still holds is free again, nothing charged.</summary>
    Task RetireWorkerAsync(Guid worker, CancellationToken cancellationToken);

    /// <summary>
    /// Holds queued jobs that nobody holds for this worker (the state stays queued) and returns those it got, with all that a former needs.
    /// Tickets of jobs that are gone, running, held elsewhere or followers are simply not in the answer. Jobs that this worker holds already are:
    /// the call may be repeated when its answer was lost.
    /// </summary>
    Task<IReadOnlyList<ReservedJob>> ReserveAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken);

    /// <summary>Living worker incarnations, in no order.</summary>
    Task<IReadOnlyList<WorkerRegistration>> WorkersAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Moves up to <paramref name="max"/> queued jobs of these models from the living worker that holds the most of them to this one: whole prefix groups, those
    /// that do not run there first, never more than half of what that worker holds; a part of a group, two jobs or more, only where no group is small enough.
    /// With <paramref name="forsaken"/>, jobs that nobody holds though their ticket is older than that count as held by one more worker, and all of them may go; of
    /// these, the oldest 20 × <paramref name="max"/> are looked at.
    /// </summary>
    Task<IReadOnlyList<ReservedJob>> StealAsync(Guid worker, IReadOnlyList<string> models, int max, TimeSpan? forsaken, CancellationToken cancellationToken);

    /// <summary>
    /// Holds for this worker queued jobs of these models that have begun before and that nobody holds, the oldest first, at most <paramref name="max"/>. They have no
    /// tickets: whoever has died, was released or is to be tried again is found here.
    /// </summary>
    Task<IReadOnlyList<ReservedJob>> ResumeAsync(Guid worker, IReadOnlyList<string> models, int max, CancellationToken cancellationToken);

    /// <summary>Lets go of held jobs that are still queued, for others to take; with <paramref name="reticket"/> tickets go out again for those that have not begun.</summary>
    Task UnreserveAsync(Guid worker, IReadOnlyList<JobId> jobs, bool reticket, CancellationToken cancellationToken);

    /// <summary>
    /// Queued and held by this worker -> running, claims + 1. Jobs that were cancelled, expired, stolen or past their deadline (on_late expire) are not in the answer.
    /// A job that reaches <see cref="JobLimits.MaxClaims"/> ends as failed: exhausted. Jobs that this worker runs already are in the answer as they stand,
    /// unchanged: the call may be repeated when its answer was lost.
    /// </summary>
    Task<IReadOnlyList<ClaimedJob>> ClaimAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken);

    /// <summary>
    /// The terminal transaction: state, result, cache entry, usage row, last event, JobFinished outbox row, webhook row and the followers, for each outcome whose
    /// fence still holds (same claims, running). The others are discarded. Returns one bool per outcome: written, or stale.
    /// </summary>
    Task<IReadOnlyList<bool>> FinishAsync(Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken);

    /// <summary>Running -> queued and free, nothing charged (drain). Stale fences are ignored. Returns how many.</summary>
    Task<int> ReleaseAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken);

    /// <summary>Which of these running jobs are no longer this worker's to finish (cancelled, expired, requeued): their work can stop.</summary>
    Task<IReadOnlyList<JobId>> FindLostAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken);

    /// <summary>
    /// Everything that is down to this worker, held (queued) or running, in no order. A worker that lost an answer finds in it what it does not know of:
    /// a repeated <see cref="ReserveAsync"/> gives the held ones in full, <see cref="ReleaseAsync"/> lets go of the running ones.
    /// </summary>
    Task<IReadOnlyList<Holding>> HeldAsync(Guid worker, CancellationToken cancellationToken);

    /// <summary>
    /// One round of setting things right, one at a time over all nodes: declares silent workers dead, requeues what they ran (as <see cref="RegisterWorkerAsync"/>), frees what they held,
    /// expires jobs past their deadline (on_late expire), re-tickets queued jobs that nobody holds and whose ticket is older than the limit.
    /// Needs nothing from the broker.
    /// </summary>
    Task<ReconcileReport> ReconcileAsync(ReconcileOptions options, CancellationToken cancellationToken);

    /// <summary>Counts for metrics and back-pressure.</summary>
    Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken);
}
