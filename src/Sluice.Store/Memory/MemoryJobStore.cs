using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>Jobs in memory, for embedded use and tests: nothing outlives the process. One lock makes each member a transaction.</summary>
internal sealed partial class MemoryJobStore(TimeProvider time) : IJobStore
{
    private readonly Lock _lock = new();
    private readonly MemoryTables _tables = new(time);

    public Task<IReadOnlyList<SubmitResult>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<SubmitResult>>(() => [.. jobs.Select(job => MemorySubmit.Submit(_tables, job))]);

    public Task<JobRecord?> FindRepeatedAsync(string tenant, string key, byte[] requestHash, CancellationToken cancellationToken) =>
        Locked(() => MemorySubmit.Repeated(_tables, tenant, key) is { } used && used.Hash.AsSpan().SequenceEqual(requestHash) ? _tables.Jobs[used.Job].Record() : null);

    public Task<JobRecord?> GetAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        Locked(() => _tables.Find(tenant, id)?.Record());

    public Task<JobList> ListAsync(string tenant, JobQuery query, CancellationToken cancellationToken) =>
        Locked(() => new JobList([.. _tables.Jobs.Values
            .Where(j => j.Tenant == tenant
                && (query.State is null || j.State == query.State)
                && (query.Submission is null || j.Submission == query.Submission)
                && (query.After is null || j.Id.Value.CompareTo(query.After.Value.Value) < 0))
            .OrderByDescending(j => j.Id.Value)
            .Take(query.Limit)
            .Select(j => j.Record())], null));

    public Task<JobInput?> GetInputAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        Locked(() => _tables.Find(tenant, id)?.Input is { } input ? new JobInput(input.Request, input.Namespace) : null);

    public Task<CancelResult?> CancelAsync(string tenant, JobId id, CancellationToken cancellationToken) => Locked(() =>
    {
        if (_tables.Find(tenant, id) is not { } job)
            return null;
        bool live = job.Live;
        if (live)
            _tables.End(job, JobState.Cancelled, null, null);
        return new CancelResult(live, job.Record());
    });

    public Task<bool> EraseAsync(string tenant, JobId id, CancellationToken cancellationToken) => Locked(() =>
    {
        if (_tables.Find(tenant, id) is not { } job)
            return false;
        if (job.Live)
            _tables.End(job, JobState.Cancelled, null, null);
        if (job.Key is { } key)
            _tables.Cache.Remove(key);
        _tables.Webhooks.Erase(id);
        job.Forget();
        return true;
    });

    public async Task<int> RelayOutboxAsync(int max, Func<IReadOnlyList<OutboxRow>, CancellationToken, Task> publish, CancellationToken cancellationToken)
    {
        List<OutboxRow> rows = [];
        lock (_lock)
        {
            while (rows.Count < max && _tables.Outbox.First is { } first)
            {
                rows.Add(first.Value);
                _tables.Outbox.RemoveFirst();
            }
        }
        if (rows.Count == 0)
            return 0;
        try
        {
            await publish(rows, cancellationToken);
            return rows.Count;
        }
        catch
        {
            lock (_lock)
            {
                for (int i = rows.Count - 1; i >= 0; i--)
                    _tables.Outbox.AddFirst(rows[i]);
            }
            throw;
        }
    }

    public Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken) => Locked(() =>
    {
        ILookup<string, MemoryJob> byTenant = _tables.Live.Values.Where(j => j.State == JobState.Queued).ToLookup(j => j.Tenant);
        long queued = byTenant.Sum(g => g.LongCount());
        return new StoreStatistics(
            queued, _tables.Live.Count - queued, _tables.Outbox.Count,
            byTenant.ToDictionary(g => g.Key, g => g.LongCount()),
            byTenant.ToDictionary(g => g.Key, g => g.Sum(j => (long)j.PromptTokens + j.MaxNewTokens)))
        {
            Waiting = [.. byTenant.SelectMany(g => g).Where(j => j.WaitsFor is null)
                .GroupBy(j => (j.Model, j.RunClass, Span: DueTimes.SpanOf((j.RunBy ?? j.CreatedAt + DueTimes.Patience(j.RunClass)) - _tables.Now, DueTimes.Bounds)))
                .Select(g => new WaitingWork(g.Key.Model, g.Key.RunClass, g.Key.Span, g.LongCount(), g.Sum(j => (long)j.PromptTokens), g.Sum(j => (long)j.MaxNewTokens)))],
        };
    });

    /// <summary>For the parts of the memory store that are classes of their own.</summary>
    internal Task<T> LockedAsync<T>(Func<MemoryTables, T> work) => Locked(() => work(_tables));

    private Task<T> Locked<T>(Func<T> work)
    {
        lock (_lock)
        {
            return Task.FromResult(work());
        }
    }
}
