using Sluice.Jobs;
using Sluice.Simulation.Tests.Clockwork;
using Sluice.Store;

namespace Sluice.Simulation.Tests.Faults;

/// <summary>The store as one process sees it.</summary>
internal sealed class SimStoreClient(SimStore server, SimProcess caller) : IJobStore
{
    private IJobStore Inner => server.Inner;

    /// <summary>Ids are drawn here: the service's own are random, and their order would be another in every run.</summary>
    public Task<IReadOnlyList<SubmitResult>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        NewJob[] named = [.. jobs.Select(job => job with { Id = server.NextId() })];
        return server.CallAsync(caller, "submit", () => server.Oracle.Submit(named, () => Inner.SubmitAsync(named, default)), cancellationToken);
    }

    public Task<JobRecord?> FindRepeatedAsync(string tenant, string key, byte[] requestHash, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "find repeated", () => Inner.FindRepeatedAsync(tenant, key, requestHash, default), cancellationToken);

    public Task<JobRecord?> GetAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "get", () => Inner.GetAsync(tenant, id, default), cancellationToken);

    public Task<JobList> ListAsync(string tenant, JobQuery query, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "list", () => Inner.ListAsync(tenant, query, default), cancellationToken);

    public Task<JobInput?> GetInputAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "input", () => Inner.GetInputAsync(tenant, id, default), cancellationToken);

    public Task<CancelResult?> CancelAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "cancel", () => Inner.CancelAsync(tenant, id, default), cancellationToken);

    public Task<bool> EraseAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "erase", () => Inner.EraseAsync(tenant, id, default), cancellationToken);

    public Task<int> RelayOutboxAsync(int max, Func<IReadOnlyList<OutboxRow>, CancellationToken, Task> publish, CancellationToken cancellationToken) =>
        server.RelayAsync(caller, max, publish, cancellationToken);

    public Task RegisterWorkerAsync(WorkerRegistration worker, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "register", () => server.Oracle.Bury("register", async () =>
        {
            await Inner.RegisterWorkerAsync(worker, default);
            return true;
        }), cancellationToken);

    public Task<bool> HeartbeatAsync(Guid worker, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "heartbeat", () => Inner.HeartbeatAsync(worker, default), cancellationToken);

    public Task RetireWorkerAsync(Guid worker, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "retire", () => server.Oracle.Bury("retire", async () =>
        {
            server.Oracle.Retires(worker);
            await Inner.RetireWorkerAsync(worker, default);
            return true;
        }), cancellationToken);

    public Task<IReadOnlyList<ReservedJob>> ReserveAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "reserve", () => server.Oracle.Take(worker, () => Inner.ReserveAsync(worker, jobs, default)), cancellationToken);

    public Task<IReadOnlyList<WorkerRegistration>> WorkersAsync(CancellationToken cancellationToken) =>
        server.CallAsync(caller, "workers", () => Inner.WorkersAsync(default), cancellationToken);

    public Task<IReadOnlyList<ReservedJob>> StealAsync(Guid worker, IReadOnlyList<string> models, int max, TimeSpan? forsaken, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "steal", () => server.Oracle.Take(worker, () => Inner.StealAsync(worker, models, max, forsaken, default)), cancellationToken);

    public Task<IReadOnlyList<ReservedJob>> ResumeAsync(Guid worker, IReadOnlyList<string> models, int max, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "resume", () => server.Oracle.Take(worker, () => Inner.ResumeAsync(worker, models, max, default)), cancellationToken);

    public Task UnreserveAsync(Guid worker, IReadOnlyList<JobId> jobs, bool reticket, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "unreserve", async () =>
        {
            await Inner.UnreserveAsync(worker, jobs, reticket, default);
            return true;
        }, cancellationToken);

    public Task<IReadOnlyList<ClaimedJob>> ClaimAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "claim", () => server.Oracle.Claim(worker, () => Inner.ClaimAsync(worker, jobs, default)), cancellationToken);

    public Task<IReadOnlyList<bool>> FinishAsync(Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "finish", () => server.Oracle.Finish(worker, outcomes, () => Inner.FinishAsync(worker, outcomes, default)), cancellationToken);

    public Task<int> ReleaseAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "release", () => Inner.ReleaseAsync(worker, fences, default), cancellationToken);

    public Task<IReadOnlyList<JobId>> FindLostAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "find lost", () => Inner.FindLostAsync(worker, fences, default), cancellationToken);

    public Task<IReadOnlyList<Holding>> HeldAsync(Guid worker, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "held", () => Inner.HeldAsync(worker, default), cancellationToken);

    public Task<ReconcileReport> ReconcileAsync(ReconcileOptions options, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "reconcile", () => server.Oracle.Bury("reconcile", () => Inner.ReconcileAsync(options, default)), cancellationToken);

    public Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken) =>
        server.CallAsync(caller, "statistics", () => Inner.StatisticsAsync(default), cancellationToken);
}

/// <summary>The semantic cache as one process sees it.</summary>
internal sealed class SimSemanticClient(SimStore server, ISemanticCache inner, SimProcess caller) : ISemanticCache
{
    public Task<IReadOnlyList<IReadOnlyList<SemanticMatch>>> FindAsync(IReadOnlyList<SemanticProbe> probes, int most, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "ask cache", () => inner.FindAsync(probes, most, default), cancellationToken);

    public Task<bool> RejectAsync(string tenant, Guid entry, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "reject entry", () => inner.RejectAsync(tenant, entry, default), cancellationToken);

    public Task<int> TendAsync(CancellationToken cancellationToken) => server.CallAsync(caller, "tend cache", () => inner.TendAsync(default), cancellationToken);
}

/// <summary>The store of costs as one process sees it.</summary>
internal sealed class SimCostClient(SimStore server, ICostStore inner, SimProcess caller) : ICostStore
{
    public Task SaveAsync(CostModel model, CancellationToken cancellationToken) => server.CallAsync(caller, "save costs", async () =>
    {
        await inner.SaveAsync(model, default);
        return true;
    }, cancellationToken);

    public Task<CostModel?> LoadAsync(string model, string revision, string backend, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "load costs", () => inner.LoadAsync(model, revision, backend, default), cancellationToken);

    public Task ReportAsync(Guid worker, string load, CancellationToken cancellationToken) => server.CallAsync(caller, "report", async () =>
    {
        await inner.ReportAsync(worker, load, default);
        return true;
    }, cancellationToken);

    public Task<CostNews> NewsAsync(DateTimeOffset? after, CancellationToken cancellationToken) =>
        server.CallAsync(caller, "news", () => inner.NewsAsync(after, default), cancellationToken);
}
