namespace Sluice.Store.Postgres;

/// <summary>Statements of reserve, steal, claim, finish and release.</summary>
internal static class DispatchSql
{
    private const string Reserved = """
        j.id, j.tenant, j.namespace, j.model, j.kind, j.run_class, j.run_by, case when j.run_by is distinct from j.deadline then 1::smallint else j.on_late end, j.prompt_tokens, j.max_new_tokens, j.prefix_key, j.created_at,
        j.suspicions, j.trace_parent, now(), (select i.prefix_chain from job_inputs i where i.job = j.id)
        """;

    /// <summary>In place of a ticket's time, of a job that has begun: it needs none, for workers look for it (<see cref="Resume"/>). Never old, and a time that may be reckoned with.</summary>
    public const string NoTicket = "timestamptz '9999-12-31 00:00+00'";

    /// <summary>The ticket's time of a job that becomes free.</summary>
    private const string Freed = $"case when claims = 0 then now() else {NoTicket} end";

    /// <summary>Holds off the declaration of this worker's death (its row's deletion) until the transaction ends; heartbeats pass.</summary>
    private const string Alive = "(select id from workers where id = $1 for key share)";

    /// <summary>$1 worker, $2 jobs.</summary>
    public const string Reserve = $"""
        update jobs j set held_by = w.id from {Alive} w
        where j.id = any($2) and j.state = 0 and (j.held_by is null or j.held_by = w.id) and j.waits_for is null
        returning {Reserved}
        """;

    /// <summary>
    /// For the statement after it in the same transaction: rows in the order of their index, as many as are asked for. Row security makes the planner expect few rows,
    /// which it would rather gather and sort, all of them. A column that is null counts as part of the order: it has to be named there.
    /// </summary>
    public const string InOrder = "select from set_config('enable_bitmapscan', 'off', true) as s where s is null";

    /// <summary>$1 thief, $2 models, $3 age of a ticket whose job is anybody's, null for none, $4 most of those. <see cref="InOrder"/> before it: both halves go by ix_jobs_held, worker by worker (offset keeps it so).</summary>
    public const string Loot = """
        with loot as (
            select w.id as held_by, h.id, h.model, h.prefix_key, h.created_at from workers w cross join lateral (
                select j.id, j.model, j.prefix_key, j.created_at from jobs j where j.held_by = w.id and j.live and j.state = 0 and j.model = any($2) offset 0) h
            where w.id <> $1 and exists (select from workers where id = $1)
            union all
            (select j.held_by, j.id, j.model, j.prefix_key, j.created_at from jobs j
            where $3::interval is not null and j.held_by is null and j.ticketed_at < now() - $3::interval
                and j.live and j.state = 0 and j.waits_for is null and j.model = any($2) and exists (select from workers where id = $1)
            order by j.held_by, j.ticketed_at limit $4)),
        richest as (select held_by from loot group by held_by order by count(*) desc, held_by nulls first limit 1),
        running as (select distinct x.model, x.prefix_key from jobs x join richest r on r.held_by = x.held_by where x.live and x.state = 1)
        select l.held_by, l.id, l.model, l.prefix_key, l.created_at, (l.model, l.prefix_key) in (select model, prefix_key from running)
        from loot l join richest r on r.held_by is not distinct from l.held_by
        """;

    /// <summary>$1 thief, $2 jobs, $3 holder, null for nobody.</summary>
    public const string Steal = $"""
        update jobs j set held_by = w.id from {Alive} w
        where j.id = any($2) and j.state = 0 and j.held_by is not distinct from $3::uuid and j.waits_for is null
        returning {Reserved}
        """;

    /// <summary>$1 worker, $2 models, $3 most. What is asked for is one narrow part of ix_jobs_held.</summary>
    public const string Resume = $"""
        with w as {Alive},
        begun as (
            select id from jobs where live and held_by is null and ticketed_at = {NoTicket} and state = 0 and waits_for is null and model = any($2) and exists (select from w)
            order by created_at, id limit $3 for update skip locked)
        update jobs j set held_by = w.id from begun b, w where j.id = b.id
        returning {Reserved}
        """;

    /// <summary>$1 worker, $2 jobs.</summary>
    public const string Unreserve = "update jobs set held_by = null where id = any($2) and state = 0 and held_by = $1";

    /// <summary>As <see cref="Unreserve"/>, with fresh tickets for what has not begun.</summary>
    public const string UnreserveWithTickets = $"""
        with freed as (
            update jobs set held_by = null, ticketed_at = {Freed} where id = any($2) and state = 0 and held_by = $1
            returning id, claims, tenant, model, run_class, prefix_key, run_by, custom_id, idempotency_key, trace_parent)
        insert into outbox (kind, job, tenant, model, class, prefix_key, deadline, custom_id, idempotency_key, created_at, trace_parent)
        select 0, id, tenant, model, run_class, prefix_key, run_by, custom_id, idempotency_key, now(), trace_parent from freed where claims = 0
        """;

    /// <summary>$1 worker, $2 jobs, $3 most claims. The second half of `own` sees the state before this statement: what it ran already.</summary>
    public const string Claim = $"""
        with claimed as (
            update jobs j set state = 1, claims = j.claims + 1, started_at = now(), seq = j.seq + 1 from {Alive} w
            where j.id = any($2) and j.state = 0 and j.held_by = w.id and j.claims < $3 and (j.on_late = 1 or j.deadline is null or j.deadline > now())
            returning j.id, j.claims, j.tenant, j.namespace, j.model, j.model_revision, j.deadline, j.trace_parent, j.created_at, j.started_at, j.eta, j.will_meet, j.seq),
        noted as (
            insert into job_events (job_id, seq, tenant, at, state, worker, claims)
            select id, seq, tenant, now(), 1, $1, claims from claimed),
        own as (
            select id, claims, tenant, namespace, model, model_revision, deadline, trace_parent, created_at, started_at, eta, will_meet from claimed
            union all
            select id, claims, tenant, namespace, model, model_revision, deadline, trace_parent, created_at, started_at, eta, will_meet from jobs where id = any($2) and state = 1 and held_by = $1)
        select c.id, c.claims, c.tenant, c.namespace, c.model, i.request, c.deadline, c.trace_parent, c.created_at, c.started_at, c.eta, c.will_meet, c.model_revision from own c join job_inputs i on i.job = c.id
        """;

    private const string Ended = "returning j.id, j.tenant, j.state, j.exact_key is not null, j.submission";

    /// <summary>$1 worker, $2 jobs, $3 code, $4 message: held jobs past their deadline.</summary>
    public const string ExpireAtClaim = $"""
        update jobs j set state = 4, finished_at = now(), held_by = null, error_code = $3, error_message = $4, seq = j.seq + 1
        where j.id = any($2) and j.state = 0 and j.held_by = $1 and j.on_late <> 1 and j.deadline <= now()
        {Ended}
        """;

    /// <summary>$1 worker, $2 jobs, $3 most claims, $4 code, $5 message.</summary>
    public const string ExhaustAtClaim = $"""
        update jobs j set state = 3, finished_at = now(), held_by = null, error_code = $4, error_message = $5, seq = j.seq + 1
        where j.id = any($2) and j.state = 0 and j.held_by = $1 and j.claims >= $3
        {Ended}
        """;

    /// <summary>$1 jobs, $2 claims, $3 states, $4 batches, $5 codes, $6 messages, $7 retryable, $8 other revisions, $9 most failures. What may be tried again is left out.</summary>
    public const string Finish = $"""
        update jobs j set state = n.state, finished_at = now(), held_by = null, batch = n.batch, failures = j.failures + (n.state = 3)::int,
            error_code = n.code, error_message = n.message, model_revision = coalesce(n.revision, j.model_revision), seq = j.seq + 1
        from unnest($1::uuid[], $2::int[], $3::smallint[], $4::uuid[], $5::text[], $6::text[], $7::bool[], $8::text[]) n(id, claims, state, batch, code, message, retryable, revision)
        where j.id = n.id and j.claims = n.claims and j.state = 1 and not (n.state = 3 and n.retryable and j.failures + 1 < $9)
        {Ended}, j.claims
        """;

    private const string Requeued = """
        noted as (
            insert into job_events (job_id, seq, tenant, at, state, reason, worker, claims)
            select id, seq, tenant, now(), 0, reason, $3, claims from requeued where noteworthy)
        """;

    /// <summary>$1 jobs, $2 claims, $3 worker, $4 codes: failed, to be tried again.</summary>
    public const string RetryFailed = $"""
        with requeued as (
            update jobs j set state = 0, held_by = null, started_at = null, failures = j.failures + 1, ticketed_at = {NoTicket}, seq = j.seq + 1
            from unnest($1::uuid[], $2::int[], $4::text[]) n(id, claims, code) where j.id = n.id and j.claims = n.claims and j.state = 1
            returning j.id, j.seq, j.tenant, j.claims, n.code as reason, true as noteworthy),
        {Requeued}
        select id, claims from requeued
        """;

    /// <summary>$1 jobs, $2 claims, $3 worker.</summary>
    public const string Release = $"""
        with requeued as (
            update jobs j set state = 0, held_by = null, started_at = null, ticketed_at = {NoTicket}, seq = j.seq + 1
            from unnest($1::uuid[], $2::int[]) n(id, claims) where j.id = n.id and j.claims = n.claims and j.state = 1 and j.held_by = $3
            returning j.id, j.seq, j.tenant, j.claims, 'released' as reason, true as noteworthy),
        {Requeued}
        select id, claims from requeued
        """;

    /// <summary>$1 workers that are gone, $2 reason of the events that charge a lone crash: what they ran, with the suspicions and lone crashes so far and what else was charged.</summary>
    public const string RunByDead = """
        select j.id, j.held_by, j.suspicions, j.failures, (select count(*) from job_events e where e.job_id = j.id and e.reason = $2)::int from jobs j
        where j.live and j.state = 1 and j.held_by = any($1) order by j.id for update
        """;

    /// <summary>
    /// $1 workers that are gone, $2 most jobs, $3 null, $4 what they ran is suspect, $5 of that the jobs that ran alone, $6 reason where one is charged for it: free again, with tickets for what has not begun.
    /// Those that ran return true.
    /// </summary>
    public const string Bury = $"""
        with picked as (
            select id, state, state = 1 and id = any($5) as charged from jobs where live and held_by = any($1) order by state desc, id limit $2 for update),
        requeued as (
            update jobs j set state = 0, held_by = null, started_at = null, ticketed_at = {Freed},
                seq = j.seq + p.state, suspicions = j.suspicions + (p.state = 1 and $4)::int, failures = j.failures + p.charged::int
            from picked p where j.id = p.id
            returning j.id, j.seq, j.tenant, j.claims, j.model, j.run_class, j.prefix_key, j.run_by, j.custom_id, j.idempotency_key, j.trace_parent,
                case when p.charged then $6 when $4 then 'worker_died' else 'released' end as reason, p.state = 1 as noteworthy),
        {Requeued},
        ticketed as (
            insert into outbox (kind, job, tenant, model, class, prefix_key, deadline, custom_id, idempotency_key, created_at, trace_parent)
            select 0, id, tenant, model, run_class, prefix_key, run_by, custom_id, idempotency_key, now(), trace_parent from requeued where claims = 0)
        select noteworthy from requeued
        """;

    /// <summary>$1 running jobs, $2 code, $3 message.</summary>
    public const string Poison = $"""
        update jobs j set state = 3, finished_at = now(), held_by = null, failures = j.failures + 1, error_code = $2, error_message = $3, seq = j.seq + 1
        where j.id = any($1) and j.state = 1
        {Ended}
        """;

    /// <summary>$1 workers, $2 most claims, $3 code, $4 message: running jobs of the dead that may not be claimed again.</summary>
    public const string ExhaustOfDead = $"""
        update jobs j set state = 3, finished_at = now(), held_by = null, error_code = $3, error_message = $4, seq = j.seq + 1
        where j.live and j.held_by = any($1) and j.state = 1 and j.claims >= $2
        {Ended}
        """;

    /// <summary>$1 worker: all that is down to it.</summary>
    public const string Held = "select id, claims, state = 1 from jobs where live and held_by = $1";

    /// <summary>$1 worker, $2 jobs, $3 claims: those that still are its own.</summary>
    public const string StillOwn = """
        select j.id from unnest($2::uuid[], $3::int[]) n(id, claims) join jobs j on j.id = n.id
        where j.claims = n.claims and j.state = 1 and j.held_by = $1
        """;
}
