using Sluice.Jobs;
using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Simulation.Tests.Mutations;

/// <summary>The memory store as it is, for a mutation to break one thing of.</summary>
internal class PassingStore(MemoryJobStore inner) : IJobStore
{
    protected T Tables<T>(Func<MemoryTables, T> work) => inner.LockedAsync(work).GetAwaiter().GetResult();

    public virtual Task<IReadOnlyList<SubmitResult>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) => inner.SubmitAsync(jobs, cancellationToken);

    public virtual Task<JobRecord?> FindRepeatedAsync(string tenant, string key, byte[] requestHash, CancellationToken cancellationToken) =>
        inner.FindRepeatedAsync(tenant, key, requestHash, cancellationToken);

    public virtual Task<JobRecord?> GetAsync(string tenant, JobId id, CancellationToken cancellationToken) => inner.GetAsync(tenant, id, cancellationToken);

    public virtual Task<JobList> ListAsync(string tenant, JobQuery query, CancellationToken cancellationToken) => inner.ListAsync(tenant, query, cancellationToken);

    public virtual Task<JobInput?> GetInputAsync(string tenant, JobId id, CancellationToken cancellationToken) => inner.GetInputAsync(tenant, id, cancellationToken);

    public virtual Task<CancelResult?> CancelAsync(string tenant, JobId id, CancellationToken cancellationToken) => inner.CancelAsync(tenant, id, cancellationToken);

    public virtual Task<bool> EraseAsync(string tenant, JobId id, CancellationToken cancellationToken) => inner.EraseAsync(tenant, id, cancellationToken);

    public virtual Task<int> RelayOutboxAsync(int max, Func<IReadOnlyList<OutboxRow>, CancellationToken, Task> publish, CancellationToken cancellationToken) =>
        inner.RelayOutboxAsync(max, publish, cancellationToken);

    public virtual Task RegisterWorkerAsync(WorkerRegistration worker, CancellationToken cancellationToken) => inner.RegisterWorkerAsync(worker, cancellationToken);

    public virtual Task<bool> HeartbeatAsync(Guid worker, CancellationToken cancellationToken) => inner.HeartbeatAsync(worker, cancellationToken);

    public virtual Task RetireWorkerAsync(Guid worker, CancellationToken cancellationToken) => inner.RetireWorkerAsync(worker, cancellationToken);

    public virtual Task<IReadOnlyList<ReservedJob>> ReserveAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken) => inner.ReserveAsync(worker, jobs, cancellationToken);

    public virtual Task<IReadOnlyList<WorkerRegistration>> WorkersAsync(CancellationToken cancellationToken) => inner.WorkersAsync(cancellationToken);

    public virtual Task<IReadOnlyList<ReservedJob>> StealAsync(Guid worker, IReadOnlyList<string> models, int max, TimeSpan? forsaken, CancellationToken cancellationToken) =>
        inner.StealAsync(worker, models, max, forsaken, cancellationToken);

    public virtual Task<IReadOnlyList<ReservedJob>> ResumeAsync(Guid worker, IReadOnlyList<string> models, int max, CancellationToken cancellationToken) => inner.ResumeAsync(worker, models, max, cancellationToken);

    public virtual Task UnreserveAsync(Guid worker, IReadOnlyList<JobId> jobs, bool reticket, CancellationToken cancellationToken) => inner.UnreserveAsync(worker, jobs, reticket, cancellationToken);

    public virtual Task<IReadOnlyList<ClaimedJob>> ClaimAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken) => inner.ClaimAsync(worker, jobs, cancellationToken);

    public virtual Task<IReadOnlyList<bool>> FinishAsync(Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken) =>
        inner.FinishAsync(worker, outcomes, cancellationToken);

    public virtual Task<int> ReleaseAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken) => inner.ReleaseAsync(worker, fences, cancellationToken);

    public virtual Task<IReadOnlyList<JobId>> FindLostAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken) => inner.FindLostAsync(worker, fences, cancellationToken);

    public virtual Task<IReadOnlyList<Holding>> HeldAsync(Guid worker, CancellationToken cancellationToken) => inner.HeldAsync(worker, cancellationToken);

    public virtual Task<ReconcileReport> ReconcileAsync(ReconcileOptions options, CancellationToken cancellationToken) => inner.ReconcileAsync(options, cancellationToken);

    public virtual Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken) => inner.StatisticsAsync(cancellationToken);
}
