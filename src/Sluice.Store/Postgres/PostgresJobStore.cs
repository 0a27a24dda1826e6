using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>Jobs in Postgres: set-based statements, a handful of round trips a call whatever the number of jobs.</summary>
internal sealed partial class PostgresJobStore(Database database, TimeProvider time) : IJobStore
{
    private const string GetInput = "select i.request, j.namespace from jobs j join job_inputs i on i.job = j.id where j.tenant = $1 and j.id = $2";

    /// <summary>$1 tenant, $2 id. A running job's fence falls with its state.</summary>
    private const string Cancel = """
        update jobs j set state = 5, finished_at = now(), held_by = null, waits_for = null, seq = j.seq + 1
        where j.tenant = $1 and j.id = $2 and j.live
        returning j.id, j.tenant, j.state, j.exact_key is not null, j.submission
        """;

    /// <summary>$1 ends of spans and $2 patience by class, in seconds. The span is null where a job waits for no engine.</summary>
    private const string CountLive = """
        select tenant, state, model, run_class, case when state = 0 and waits_for is null then
                width_bucket(extract(epoch from coalesce(run_by, created_at + make_interval(secs => ($2::float8[])[run_class + 1])) - now())::float8, $1::float8[]) end,
            count(*), sum(prompt_tokens)::bigint, sum(max_new_tokens)::bigint
        from jobs where live group by 1, 2, 3, 4, 5
        """;
    private const string CountOutbox = "select count(*) from outbox";

    private static readonly double[] s_spans = [.. DueTimes.Bounds.Select(bound => bound.TotalSeconds)];
    private static readonly double[] s_patience = [.. Enum.GetValues<JobClass>().Select(c => DueTimes.Patience(c).TotalSeconds)];

    /// <summary>Up to here a submit has a caller's time limit.</summary>
    private const int FewJobs = 100;

    private readonly TenantBacklog _backlog = new(time);

    /// <summary>Jobs that are looked at for a page of one state: those of a rare state among millions of others would be looked for past any caller's time.</summary>
    internal int MostLookedAt { get; init; } = 20_000;

    public async Task<IReadOnlyList<SubmitResult>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        if (jobs.Count == 0)
            return [];
        foreach (NewJob job in jobs)
        {
            Scope.Of(job.Tenant);
        }
        // A caller waits for one job or a few; many at once come from a file or a schedule.
        IReadOnlyList<SubmitResult> results = jobs.Count <= FewJobs
            ? await database.AskAsync(StoreAsync, cancellationToken)
            : await database.DispatchAsync(StoreAsync, cancellationToken);
        Crash.At("submit_after_commit");
        foreach (IGrouping<string, SubmitResult> tenant in results.Where(r => r.Outcome is SubmitOutcome.Queued or SubmitOutcome.Twin).GroupBy(r => r.Job!.Tenant))
        {
            _backlog.Add(tenant.Key, tenant.Count());
        }
        return results;

        Task<IReadOnlyList<SubmitResult>> StoreAsync(NpgsqlConnection connection, CancellationToken limit) =>
            Database.InTransactionAsync(connection, async () =>
            {
                IReadOnlyList<SubmitResult> stored = await new SubmitTransaction(connection, _backlog, limit).RunAsync(jobs);
                Crash.At("submit_before_commit");
                return stored;
            }, limit);
    }

    public Task<JobRecord?> FindRepeatedAsync(string tenant, string key, byte[] requestHash, CancellationToken cancellationToken) =>
        database.AskAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(RecordSql.OfKey, tenant, key, requestHash).ReadAsync(limit);
            return (await rows.ListAsync(RecordSql.Read, limit)).FirstOrDefault();
        }, cancellationToken);

    public Task<JobRecord?> GetAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        database.AskAsync((connection, limit) => FindAsync(connection, tenant, id, limit), cancellationToken);

    public Task<JobList> ListAsync(string tenant, JobQuery query, CancellationToken cancellationToken) =>
        database.AskAsync(async (connection, limit) =>
        {
            Guid? end = query.State is null ? null : await EndAsync(connection, tenant, query, limit);
            NpgsqlParameter after = Parameters.Id(query.After?.Value), state = Parameters.Small((short?)query.State);
            Commands commands = new Commands(connection).For(Scope.Of(tenant));
            if (query.Submission is { } submission)
                commands.Add(RecordSql.PageOfSubmission, tenant, after, state, query.Limit, Parameters.Id(end), submission);
            else
                commands.Add(RecordSql.Page, tenant, after, state, query.Limit, Parameters.Id(end));
            await using Rows rows = await commands.ReadAsync(limit);
            List<JobRecord> found = await rows.ListAsync(RecordSql.Read, limit);
            return new JobList(found, found.Count < query.Limit && end is { } last ? new JobId(last) : null);
        }, cancellationToken);

    public Task<JobInput?> GetInputAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        database.AskAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(GetInput, tenant, id.Value).ReadAsync(limit);
            List<JobInput> found = await rows.ListAsync(r => new JobInput(RecordSql.ReadRequest(r.GetString(0)), r.GetString(1)), limit);
            return found.Count == 0 ? null : found[0];
        }, cancellationToken);

    public Task<CancelResult?> CancelAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        database.AskAsync((connection, limit) => Database.InTransactionAsync(connection, async () =>
        {
            bool ended = await CancelAsync(connection, tenant, id, limit);
            return await FindAsync(connection, tenant, id, limit) is { } job ? new CancelResult(ended, job) : null;
        }, limit), cancellationToken);

    public Task<bool> EraseAsync(string tenant, JobId id, CancellationToken cancellationToken) =>
        database.AskAsync((connection, limit) => Database.InTransactionAsync(connection, async () =>
        {
            await CancelAsync(connection, tenant, id, limit);
            return await EraseTransaction.RunAsync(connection, tenant, id.Value, limit);
        }, limit), cancellationToken);

    public Task<int> RelayOutboxAsync(int max, Func<IReadOnlyList<OutboxRow>, CancellationToken, Task> publish, CancellationToken cancellationToken) =>
        OutboxRelay.RunAsync(database, max, publish, cancellationToken);

    public Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken) =>
        database.DispatchAsync(async (connection, limit) =>
        {
            TenantBacklog.Survey survey = _backlog.Begin();
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(CountLive, s_spans, s_patience).Add(CountOutbox).ReadAsync(limit);
            List<(string Tenant, JobState State, int? Span, WaitingWork Work)> live = await rows.ListAsync(r => (r.GetString(0), (JobState)r.GetInt16(1), r.IsDBNull(4) ? (int?)null : r.GetInt32(4),
                new WaitingWork(r.GetString(2), (JobClass)r.GetInt16(3), r.IsDBNull(4) ? 0 : r.GetInt32(4), r.GetInt64(5), r.GetInt64(6), r.GetInt64(7))), limit);
            await rows.NextAsync(limit);
            long outbox = (await rows.ListAsync(r => r.GetInt64(0), limit))[0];
            ILookup<string, WaitingWork> queued = live.Where(l => l.State == JobState.Queued).ToLookup(l => l.Tenant, l => l.Work);
            Dictionary<string, long> queuedByTenant = queued.ToDictionary(g => g.Key, g => g.Sum(w => w.Jobs), StringComparer.Ordinal);
            _backlog.Set(survey, queuedByTenant);
            return new StoreStatistics(
                queuedByTenant.Values.Sum(), live.Where(l => l.State == JobState.Running).Sum(l => l.Work.Jobs), outbox,
                queuedByTenant,
                queued.ToDictionary(g => g.Key, g => g.Sum(w => w.PromptTokens + w.MaxNewTokens)))
            {
                Waiting = [.. live.Where(l => l.Span is not null).GroupBy(l => (l.Work.Model, l.Work.Class, l.Work.Span))
                    .Select(g => new WaitingWork(g.Key.Model, g.Key.Class, g.Key.Span, g.Sum(l => l.Work.Jobs), g.Sum(l => l.Work.PromptTokens), g.Sum(l => l.Work.MaxNewTokens)))],
            };
        }, cancellationToken);

    /// <summary>The last that is looked at; null where there are fewer than may be.</summary>
    private async Task<Guid?> EndAsync(NpgsqlConnection connection, string tenant, JobQuery query, CancellationToken cancellationToken)
    {
        Commands commands = new Commands(connection).For(Scope.Of(tenant));
        if (query.Submission is { } submission)
            commands.Add(RecordSql.EndOfSubmission, tenant, Parameters.Id(query.After?.Value), MostLookedAt - 1, submission);
        else
            commands.Add(RecordSql.End, tenant, Parameters.Id(query.After?.Value), MostLookedAt - 1);
        await using Rows rows = await commands.ReadAsync(cancellationToken);
        return await rows.ListAsync(r => r.GetGuid(0), cancellationToken) is [Guid end] ? end : null;
    }

    private static async Task<JobRecord?> FindAsync(NpgsqlConnection connection, string tenant, JobId id, CancellationToken cancellationToken)
    {
        await using Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(RecordSql.One, tenant, id.Value).ReadAsync(cancellationToken);
        List<JobRecord> found = await rows.ListAsync(RecordSql.Read, cancellationToken);
        return found.Count == 0 ? null : found[0];
    }

    private static async Task<bool> CancelAsync(NpgsqlConnection connection, string tenant, JobId id, CancellationToken cancellationToken)
    {
        List<EndedJob> ended;
        await using (Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(Cancel, tenant, id.Value).ReadAsync(cancellationToken))
        {
            ended = await rows.ListAsync(FinishTransaction.ReadEnded, cancellationToken);
        }
        await TerminalTransaction.RecordAsync(connection, null, ended, cancellationToken);
        return ended.Count > 0;
    }
}
