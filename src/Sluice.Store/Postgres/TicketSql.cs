namespace Sluice.Store.Postgres;

/// <summary>Tickets for many jobs at once, as parts of statements.</summary>
internal static class TicketSql
{
    /// <summary>Jobs that share a ticket, and how many of one prefix get tickets of their own, which go to the prefix's shard. Text, to stand in a statement.</summary>
    private const string PerTicket = "64", OwnTicket = "4";

    /// <summary>
    /// Before what comes after <c>from</c>: a row source with id, tenant, model, run_class, prefix_key, run_by, created_at (of the ticket) and trace_parent, and
    /// perhaps a condition; <see cref="EndBundles"/> comes after that.
    /// </summary>
    public const string Bundles = $"""
        insert into outbox (kind, job, jobs, tenant, model, class, prefix_key, deadline, created_at, trace_parent)
            select 0, min(id::text)::uuid, case when count(*) > 1 then array_agg(id order by id) end, tenant, model, run_class, min(prefix_key), min(run_by), min(created_at), case when count(*) = 1 then min(trace_parent) end
            from (select *, (row_number() over (partition by tenant, model, run_class, own order by prefix_key, id) - 1) / {PerTicket} as bundle
                from (select *, case when count(*) over (partition by tenant, model, run_class, prefix_key) >= {OwnTicket} then prefix_key end as own from
        """;

    public const string EndBundles = ") t) s group by tenant, model, run_class, own, bundle";
}
