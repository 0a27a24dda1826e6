using System.Runtime.InteropServices;
using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

internal sealed partial class PostgresJobStore
{
    /// <summary>$1 name, $2 the new incarnation.</summary>
    private const string DeclareFormerDead = "delete from workers where name = $1 and id <> $2 returning id";

    private const string Register = """
        insert into workers (id, name, models, shards, started_at, seen_at) values ($1, $2, $3, $4, now(), now())
        on conflict (id) do update set name = excluded.name, models = excluded.models, shards = excluded.shards, seen_at = excluded.seen_at
        """;

    private const string Beat = "update workers set seen_at = now() where id = $1 returning id";
    private const string Workers = "select id, name, models, shards from workers";
    private const string Retire = "delete from workers where id = $1";

    public Task RegisterWorkerAsync(WorkerRegistration worker, CancellationToken cancellationToken) =>
        database.DispatchAsync((connection, limit) => Database.InTransactionAsync(connection, async () =>
        {
            Guid[] former;
            await using (Rows rows = await new Commands(connection).For(Scope.All)
                .Add(Register, worker.Id, worker.Name, worker.Models.ToArray(), worker.Shards)
                .Add(DeclareFormerDead, worker.Name, worker.Id)
                .ReadAsync(limit))
            {
                former = [.. await rows.ListAsync(r => r.GetGuid(0), limit)];
            }
            Burial burial = await BurialTransaction.RunAsync(connection, former, suspect: true, int.MaxValue, limit);
            Crash.At("register_before_commit");
            return burial;
        }, limit), cancellationToken);

    public Task<bool> HeartbeatAsync(Guid worker, CancellationToken cancellationToken) =>
        database.DispatchAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).Add(Beat, worker).ReadAsync(limit);
            return (await rows.ListAsync(r => r.GetGuid(0), limit)).Count > 0;
        }, cancellationToken);

    public Task RetireWorkerAsync(Guid worker, CancellationToken cancellationToken) =>
        database.DispatchAsync((connection, limit) => Database.InTransactionAsync(connection, async () =>
        {
            await new Commands(connection).Add(Retire, worker).RunAsync(limit);
            return await BurialTransaction.RunAsync(connection, [worker], suspect: false, int.MaxValue, limit);
        }, limit), cancellationToken);

    public Task<IReadOnlyList<ReservedJob>> ReserveAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken) => jobs.Count == 0 ? None<ReservedJob>() :
        database.DispatchAsync<IReadOnlyList<ReservedJob>>(async (connection, limit) =>
        {
            Crash.At("reserve_before_commit");
            List<ReservedJob> reserved;
            await using (Rows rows = await new Commands(connection).For(Scope.All).Add(DispatchSql.Reserve, worker, Sorted(jobs)).ReadAsync(limit))
            {
                reserved = await rows.ListAsync(ReadReserved, limit);
            }
            Crash.At("reserve_after_commit");
            return reserved;
        }, cancellationToken);

    public Task<IReadOnlyList<WorkerRegistration>> WorkersAsync(CancellationToken cancellationToken) =>
        database.DispatchAsync<IReadOnlyList<WorkerRegistration>>(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).Add(Workers).ReadAsync(limit);
            return await rows.ListAsync(
                r => new WorkerRegistration(r.GetGuid(0), r.GetString(1), r.GetFieldValue<string[]>(2)) { Shards = r.IsDBNull(3) ? null : r.GetInt32(3) }, limit);
        }, cancellationToken);

    public Task<IReadOnlyList<ReservedJob>> StealAsync(Guid worker, IReadOnlyList<string> models, int max, TimeSpan? forsaken, CancellationToken cancellationToken) =>
        database.DispatchAsync<IReadOnlyList<ReservedJob>>(async (connection, limit) =>
        {
            List<(Guid? Holder, StealCandidate Job)> loot;
            await using (Rows rows = await new Commands(connection).For(Scope.All).Add(DispatchSql.InOrder).Add(DispatchSql.Loot, worker, models.ToArray(), forsaken, (long)StealPlan.Forsaken * max).ReadAsync(limit))
            {
                loot = await rows.ListAsync(r => (r.IsDBNull(0) ? (Guid?)null : r.GetGuid(0),
                    new StealCandidate(new JobId(r.GetGuid(1)), r.GetString(2), r.GetInt64(3), r.Time(4), r.GetBoolean(5))), limit);
            }
            if (loot.Count == 0)
                return [];
            List<JobId> chosen = StealPlan.Choose([.. loot.Select(l => l.Job)], Math.Min(max, loot[0].Holder is null ? loot.Count : loot.Count / 2));
            if (chosen.Count == 0)
                return [];
            await using Rows got = await new Commands(connection).For(Scope.All).Add(DispatchSql.Steal, worker, Sorted(chosen), loot[0].Holder).ReadAsync(limit);
            return await got.ListAsync(ReadReserved, limit);
        }, cancellationToken);

    public Task<IReadOnlyList<ReservedJob>> ResumeAsync(Guid worker, IReadOnlyList<string> models, int max, CancellationToken cancellationToken) =>
        database.DispatchAsync<IReadOnlyList<ReservedJob>>(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(DispatchSql.Resume, worker, models.ToArray(), max).ReadAsync(limit);
            return await rows.ListAsync(ReadReserved, limit);
        }, cancellationToken);

    public Task UnreserveAsync(Guid worker, IReadOnlyList<JobId> jobs, bool reticket, CancellationToken cancellationToken) =>
        database.DispatchAsync(async (connection, limit) =>
        {
            await new Commands(connection).For(Scope.All).Add(reticket ? DispatchSql.UnreserveWithTickets : DispatchSql.Unreserve, worker, Sorted(jobs)).RunAsync(limit);
            return true;
        }, cancellationToken);

    public Task<IReadOnlyList<ClaimedJob>> ClaimAsync(Guid worker, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken) => jobs.Count == 0 ? None<ClaimedJob>() :
        database.DispatchAsync(async (connection, limit) =>
        {
            IReadOnlyList<ClaimedJob> claimed = await Database.InTransactionAsync(connection, async () =>
            {
                IReadOnlyList<ClaimedJob> written = await FinishTransaction.ClaimAsync(connection, worker, Sorted(jobs), limit);
                Crash.At("claim_before_commit");
                return written;
            }, limit);
            Crash.At("claim_after_commit");
            return claimed;
        }, cancellationToken);

    public Task<IReadOnlyList<bool>> FinishAsync(Guid worker, IReadOnlyList<JobOutcome> outcomes, CancellationToken cancellationToken) => outcomes.Count == 0 ? None<bool>() :
        database.DispatchAsync(async (connection, limit) =>
        {
            IReadOnlyList<bool> finished = await Database.InTransactionAsync(connection, async () =>
            {
                IReadOnlyList<bool> written = await FinishTransaction.FinishAsync(connection, worker, outcomes, limit);
                Crash.At("finish_before_commit");
                return written;
            }, limit);
            Crash.At("finish_after_commit");
            return finished;
        }, cancellationToken);

    public Task<int> ReleaseAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken) =>
        database.DispatchAsync(async (connection, limit) =>
        {
            (Guid[] ids, int[] claims) = Split(fences);
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(DispatchSql.Release, ids, claims, worker).ReadAsync(limit);
            return (await rows.ListAsync(r => r.GetGuid(0), limit)).Count;
        }, cancellationToken);

    public Task<IReadOnlyList<JobId>> FindLostAsync(Guid worker, IReadOnlyList<Fence> fences, CancellationToken cancellationToken) => fences.Count == 0 ? None<JobId>() :
        database.DispatchAsync<IReadOnlyList<JobId>>(async (connection, limit) =>
        {
            (Guid[] ids, int[] claims) = Split(fences);
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(DispatchSql.StillOwn, worker, ids, claims).ReadAsync(limit);
            HashSet<Guid> own = [.. await rows.ListAsync(r => r.GetGuid(0), limit)];
            return [.. fences.Where(f => !own.Contains(f.Job.Value)).Select(f => f.Job)];
        }, cancellationToken);

    public Task<IReadOnlyList<Holding>> HeldAsync(Guid worker, CancellationToken cancellationToken) =>
        database.DispatchAsync<IReadOnlyList<Holding>>(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(DispatchSql.Held, worker).ReadAsync(limit);
            return await rows.ListAsync(r => new Holding(new Fence(new JobId(r.GetGuid(0)), r.GetInt32(1)), r.GetBoolean(2)), limit);
        }, cancellationToken);

    public Task<ReconcileReport> ReconcileAsync(ReconcileOptions options, CancellationToken cancellationToken) =>
        database.DispatchAsync((connection, limit) =>
            Database.InTransactionAsync(connection, () => ReconcileTransaction.RunAsync(connection, options, limit), limit), cancellationToken);

    private static Task<IReadOnlyList<T>> None<T>() => Task.FromResult<IReadOnlyList<T>>([]);

    /// <summary>In the one order in which all lock jobs.</summary>
    private static Guid[] Sorted(IReadOnlyList<JobId> jobs) => [.. jobs.Select(j => j.Value).Order()];

    private static (Guid[] Ids, int[] Claims) Split(IReadOnlyList<Fence> fences)
    {
        Fence[] sorted = [.. fences.OrderBy(f => f.Job.Value)];
        return ([.. sorted.Select(f => f.Job.Value)], [.. sorted.Select(f => f.Claims)]);
    }

    private static ReservedJob ReadReserved(NpgsqlDataReader row) => new()
    {
        Id = new JobId(row.GetGuid(0)),
        Tenant = row.GetString(1),
        Namespace = row.GetString(2),
        Model = row.GetString(3),
        Kind = (JobKind)row.GetInt16(4),
        Class = (JobClass)row.GetInt16(5),
        Deadline = row.TimeOrNull(6),
        OnLate = (OnLate)row.GetInt16(7),
        PromptTokens = row.GetInt32(8),
        MaxNewTokens = row.GetInt32(9),
        PrefixKey = row.GetInt64(10),
        CreatedAt = row.Time(11),
        Suspicions = row.GetInt32(12),
        TraceParent = row.Text(13),
        ReservedAt = row.Time(14),
        PrefixChain = row.IsDBNull(15) ? default : MemoryMarshal.Cast<byte, long>(row.GetFieldValue<byte[]>(15)).ToArray(),
    };
}
