using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>A reconciler's round. All times are the database's.</summary>
internal static class ReconcileTransaction
{
    /// <summary>Of the advisory lock that makes the round one at a time: "sluice" in ASCII.</summary>
    private const long LockKey = 0x736c75696365;

    private const string TryLock = "select pg_try_advisory_xact_lock($1)";

    /// <summary>$1 silence. Nobody could be heard before the database was up: its own outage is nobody's death.</summary>
    private const string DeclareDead = "delete from workers where $2 and greatest(seen_at, pg_postmaster_start_time()) < now() - $1 returning id";

    /// <summary>Holders that are no living worker.</summary>
    private const string Orphaned = "select distinct held_by from jobs j where live and held_by is not null and not exists (select from workers w where w.id = j.held_by)";

    /// <summary>$1 most, $2 code, $3 message.</summary>
    private const string Expire = """
        with late as (select id from jobs where live and deadline <= now() and on_late <> 1 order by id limit $1 for update skip locked)
        update jobs j set state = 4, finished_at = now(), held_by = null, waits_for = null, error_code = $2, error_message = $3, seq = j.seq + 1
        from late where j.id = late.id
        returning j.id, j.tenant, j.state, j.exact_key is not null, j.submission, coalesce(j.will_meet, false)
        """;

    /// <summary>Ended leaders that still have live followers.</summary>
    private const string Headless = """
        select distinct f.waits_for from jobs f left join jobs l on l.id = f.waits_for
        where f.live and f.waits_for is not null and (l.id is null or not l.live)
        """;

    /// <summary>$1 age, $2 most, $3 greatest age, $4 age of those that are lost, or null. A ticket that may only wait in the broker for its turn has no end of others beside it: each comes as late as the one before came.</summary>
    private const string Reticket = $"""
        with forgotten as (
            select id from jobs where live and state = 0 and held_by is null and waits_for is null
                and ticketed_at < now() - least($1, $4::interval) -- for the index
                and (ticketed_at < now() - $4::interval or ticketed_at < now() - greatest($1, least(ticketed_at - created_at, $3)))
            order by held_by, ticketed_at limit $2 for update skip locked), -- the order of ix_jobs_held
        told as (
            update jobs j set ticketed_at = now() from forgotten f where j.id = f.id
            returning j.id, j.tenant, j.model, j.run_class, j.prefix_key, j.run_by, now() as created_at, j.trace_parent),
        ticketed as (
            {TicketSql.Bundles} told {TicketSql.EndBundles})
        select count(*) from told
        """;

    public static async Task<ReconcileReport> RunAsync(NpgsqlConnection connection, ReconcileOptions options, CancellationToken cancellationToken)
    {
        await using (Rows locked = await new Commands(connection).Add(TryLock, LockKey).ReadAsync(cancellationToken))
        {
            if (!(await locked.ListAsync(r => r.GetBoolean(0), cancellationToken))[0])
                return new ReconcileReport(0, 0, 0, 0, 0, 0) { Ran = false };
        }
        int dead;
        Guid[] orphaned;
        List<EndedJob> expired;
        int unkept = 0;
        await using (Rows rows = await new Commands(connection).For(Scope.All)
            .Add(DeclareDead, options.HeartbeatTimeout, options.DeclaresDead)
            .Add(Orphaned)
            .ReadAsync(cancellationToken))
        {
            dead = (await rows.ListAsync(r => r.GetGuid(0), cancellationToken)).Count;
            await rows.NextAsync(cancellationToken);
            orphaned = [.. await rows.ListAsync(r => r.GetGuid(0), cancellationToken)];
        }
        // before any of it expires: what ran beside a late job did not run alone
        Burial burial = await BurialTransaction.RunAsync(connection, orphaned, suspect: true, options.Max, cancellationToken);
        await using (Rows rows = await new Commands(connection).For(Scope.All).Add(Expire, options.Max, JobEnds.DeadlineCode, JobEnds.DeadlineMessage).ReadAsync(cancellationToken))
        {
            expired = await rows.ListAsync(r =>
            {
                unkept += r.GetBoolean(5) ? 1 : 0;
                return FinishTransaction.ReadEnded(r);
            }, cancellationToken);
        }
        await TerminalTransaction.RecordAsync(connection, null, expired, cancellationToken);
        Crash.At("reconcile_in_the_middle");
        Guid[] headless;
        long reticketed;
        await using (Rows rows = await new Commands(connection).For(Scope.All).Add(Headless).Add(Reticket, options.TicketTimeout, options.Max, ReconcileOptions.MaxBackoff * options.TicketTimeout, options.TicketsLost).ReadAsync(cancellationToken))
        {
            headless = [.. await rows.ListAsync(r => r.GetGuid(0), cancellationToken)];
            await rows.NextAsync(cancellationToken);
            reticketed = (await rows.ListAsync(r => r.GetInt64(0), cancellationToken))[0];
        }
        if (headless.Length > 0)
            await new Commands(connection).For(Scope.All).Add(TerminalSql.Promote, headless).RunAsync(cancellationToken);
        Crash.At("reconcile_before_commit");
        return new ReconcileReport(dead, burial.Requeued, burial.Freed, expired.Count, (int)reticketed, burial.Exhausted, burial.Poisoned, unkept);
    }
}
