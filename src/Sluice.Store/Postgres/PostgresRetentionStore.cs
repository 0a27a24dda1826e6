using Npgsql;
using NpgsqlTypes;

namespace Sluice.Store.Postgres;

/// <summary>The purge in Postgres. Each statement goes by an index on when things expire.</summary>
internal sealed class PostgresRetentionStore(Database database) : IRetentionStore
{
    /// <summary>Of the advisory lock that makes a batch one at a time: "purge" in ASCII.</summary>
    private const long LockKey = 0x7075726765;

    private const string TryLock = "select pg_try_advisory_xact_lock($1)";

    /// <summary>$1 most.</summary>
    private const string Expired = """
        select i.job from job_inputs i
        where i.expires_at <= now() and not exists (select from jobs j where j.id = i.job and j.live)
        order by i.expires_at limit $1
        """;

    // Of $1 jobs.
    private static readonly string[] s_ofExpired =
    [
        "delete from job_inputs where job = any($1)",
        "delete from results where job = any($1)",
        """
        update jobs set custom_id = null, idempotency_key = null, exact_key = null, fingerprint = null, error_message = case when error_message is not null then '' end
        where id = any($1) and not (custom_id is null and idempotency_key is null and exact_key is null and fingerprint is null and error_message is null)
        """,
    ];

    /// <summary>$1 most, $2 age. A job whose input is still there waits for that to go.</summary>
    private const string Forgotten = """
        select j.id from jobs j
        where j.expires_at <= now() - $2 and not j.live and not exists (select from job_inputs i where i.job = j.id)
        limit $1
        """;

    // Of $1 jobs; events go after their job.
    private static readonly string[] s_ofForgotten =
    [
        "delete from results where job = any($1)",
        "delete from webhook_deliveries where job = any($1)",
        "delete from jobs where id = any($1)",
        "delete from job_events where job_id = any($1)",
    ];

    private const string Keys = """
        with late as (select tenant, key from idempotency_keys where expires_at <= now() order by expires_at limit $1),
        gone as (delete from idempotency_keys k using late l where k.tenant = l.tenant and k.key = l.key and k.expires_at <= now() returning 1)
        select count(*)::int from gone
        """;

    private const string Deliveries = """
        with late as (select id from webhook_deliveries where expires_at <= now() order by expires_at limit $1),
        gone as (delete from webhook_deliveries d using late l where d.id = l.id returning 1)
        select count(*)::int from gone
        """;

    /// <summary>
    /// Submissions whose retention is over: $1 of them and $1 lines at most. Where fewer lines went there are no more of any, and their names go; settled ones get no others, so that a row is
    /// where it was seen.
    /// </summary>
    private const string Lines = """
        with late as (select id from submissions where not purged and settled and expires_at <= now() order by expires_at limit $1),
        gone as (delete from submission_lines where ctid = any(array(
            select l.ctid from late s cross join lateral (select o.ctid from submission_lines o where o.submission = s.id order by o.number limit $1) l limit $1)) returning 1),
        counted as (select count(*)::int as lines from gone),
        blanked as (update submissions s set purged = true, name = null, idempotency_key = null, defaults = null, metadata = null, cursor = null
            from late, counted where s.id = late.id and counted.lines < $1 returning 1)
        select greatest(lines, (select count(*)::int from blanked)) from counted
        """;

    /// <summary>$1 most, $2 age.</summary>
    private const string Runs = """
        with late as (select id from schedule_firings where state >= 5 and finished_at <= now() - $2 order by finished_at limit $1),
        gone as (delete from schedule_firings f using late l where f.id = l.id returning 1)
        select count(*)::int from gone
        """;

    public Task<PurgeReport?> PurgeAsync(PurgeLimits limits, CancellationToken cancellationToken) =>
        database.DispatchAsync((connection, limit) => Database.InTransactionAsync(connection, () => PurgeAsync(connection, limits, limit), limit), cancellationToken);

    private static async Task<PurgeReport?> PurgeAsync(NpgsqlConnection connection, PurgeLimits limits, CancellationToken cancellationToken)
    {
        await using (Rows locked = await new Commands(connection).Add(TryLock, LockKey).ReadAsync(cancellationToken))
        {
            if (!(await locked.ListAsync(r => r.GetBoolean(0), cancellationToken))[0])
                return null;
        }
        Guid[] expired, forgotten = [];
        int keys, deliveries, lines, runs;
        await using (Rows rows = await new Commands(connection).For(Scope.All)
            .Add(Keys, limits.Most).Add(Deliveries, limits.Most).Add(Lines, limits.Most).Add(Runs, limits.Most, Interval(limits.Runs)).Add(Expired, limits.Most).ReadAsync(cancellationToken))
        {
            keys = (await rows.ListAsync(r => r.GetInt32(0), cancellationToken))[0];
            await rows.NextAsync(cancellationToken);
            deliveries = (await rows.ListAsync(r => r.GetInt32(0), cancellationToken))[0];
            await rows.NextAsync(cancellationToken);
            lines = (await rows.ListAsync(r => r.GetInt32(0), cancellationToken))[0];
            await rows.NextAsync(cancellationToken);
            runs = (await rows.ListAsync(r => r.GetInt32(0), cancellationToken))[0];
            await rows.NextAsync(cancellationToken);
            expired = [.. await rows.ListAsync(r => r.GetGuid(0), cancellationToken)];
        }
        await RemoveAsync(connection, s_ofExpired, expired, cancellationToken);
        if (limits.Facts is { } age)
        {
            await using (Rows rows = await new Commands(connection).For(Scope.All).Add(Forgotten, limits.Most, Interval(age)).ReadAsync(cancellationToken))
            {
                forgotten = [.. await rows.ListAsync(r => r.GetGuid(0), cancellationToken)];
            }
            await RemoveAsync(connection, s_ofForgotten, forgotten, cancellationToken);
        }
        return new PurgeReport(expired.Length, forgotten.Length, keys, deliveries, lines, runs);
    }

    private static async Task RemoveAsync(NpgsqlConnection connection, string[] statements, Guid[] jobs, CancellationToken cancellationToken)
    {
        if (jobs.Length == 0)
            return;
        Commands commands = new Commands(connection).For(Scope.All);
        foreach (string sql in statements)
        {
            commands.Add(sql, jobs);
        }
        await commands.RunAsync(cancellationToken);
    }

    private static NpgsqlParameter Interval(TimeSpan age) => new() { Value = age, NpgsqlDbType = NpgsqlDbType.Interval };
}
