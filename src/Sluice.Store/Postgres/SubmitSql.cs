namespace Sluice.Store.Postgres;

/// <summary>Statements of a submit. Arrays are in the order of the columns they name.</summary>
internal static class SubmitSql
{
    /// <summary>$1 tenants, $2 keys, $3 hashes, $4 jobs, $5 retentions; each key once. Waits for another transaction that inserts the same key. An expired key is as good as none.</summary>
    public const string TakeKeys = """
        insert into idempotency_keys (tenant, key, hash, job, created_at, expires_at)
        select n.tenant, n.key, n.hash, n.job, now(), now() + n.retention
        from unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::interval[]) n(tenant, key, hash, job, retention)
        order by n.tenant, n.key
        on conflict (tenant, key) do update set hash = excluded.hash, job = excluded.job, created_at = excluded.created_at, expires_at = excluded.expires_at
        where idempotency_keys.expires_at <= now()
        """;

    /// <summary>$1 tenants, $2 keys.</summary>
    public const string ReadKeys = """
        select k.tenant, k.key, k.hash, k.job from unnest($1::text[], $2::text[]) n(tenant, key)
        join idempotency_keys k on k.tenant = n.tenant and k.key = n.key
        """;

    /// <summary>$1 jobs that were refused after their keys were taken.</summary>
    public const string GiveKeysBack = """
        delete from idempotency_keys k using unnest($1::text[], $2::text[], $3::uuid[]) n(tenant, key, job)
        where k.tenant = n.tenant and k.key = n.key and k.job = n.job
        """;

    public const string CountQueued = "select count(*) from jobs where live and state = 0 and tenant = $1";

    /// <summary>An equal job that is live goes before an entry that only means the same. $1 tenant (the scope), $2 positions, $3 namespaces, $4 exact keys, $5 entries that match in meaning, $6 fingerprints.</summary>
    public const string FindAnswers = """
        select n.position, c.id, c.exact_key = n.key, c.outputs, c.prompt_tokens, c.cached_tokens, c.generated_tokens, c.drafted_tokens, c.accepted_tokens
        from unnest($2::int[], $3::text[], $4::bytea[], $5::uuid[], $6::bytea[]) n(position, namespace, key, entry, fingerprint)
        cross join lateral (
            select * from cache_entries e where e.tenant = $1 and e.namespace = n.namespace and e.exact_key = n.key
            union all
            select * from cache_entries e where e.id = n.entry and e.tenant = $1 and e.namespace = n.namespace and e.fingerprint is not distinct from n.fingerprint
                and not exists (select from jobs l where l.tenant = $1 and l.namespace = n.namespace and l.exact_key = n.key and l.live and l.waits_for is null)) c
        where c.expires_at > now()
        """;

    /// <summary>$1 tenants, $2 namespaces, $3 exact keys, $4 deadlines, $5 ttls, $6 positions: those whose equal is live and quoted to end by then.</summary>
    public const string FindTimely = """
        select n.position from unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[], $5::interval[], $6::int[]) n(tenant, namespace, key, deadline, ttl, position)
        join jobs l on l.tenant = n.tenant and l.namespace = n.namespace and l.exact_key = n.key
        where l.live and l.waits_for is null and l.exact_key is not null and l.eta between now() and coalesce(n.deadline, now() + n.ttl)
        """;

    /// <summary>$1 tenant (the scope), $2 namespaces, $3 exact keys: is any answered meanwhile?</summary>
    public const string AnyAnswered = """
        select exists (select from unnest($2::text[], $3::bytea[]) n(namespace, key)
            join cache_entries c on c.tenant = $1 and c.namespace = n.namespace and c.exact_key = n.key where c.expires_at > now())
        """;

    private const string JobColumns = """
        id, tenant, namespace, kind, class, run_class, state, on_late, cache_mode, model, model_revision, adapter, prompt_tokens, max_new_tokens, prefix_key,
        claims, failures, suspicions, seq, retry_of, submission, custom_id, idempotency_key, exact_key, fingerprint, embedder_id, has_webhook,
        created_at, deadline, run_by, expires_at, trace_parent, finished_at, ticketed_at, waits_for, eta, will_meet
        """;

    private const string JobValues = """
        n.id, n.tenant, n.namespace, n.kind, n.class, n.class, n.state, n.on_late, n.cache_mode, n.model, n.revision, n.adapter, n.prompt_tokens, n.max_new_tokens, n.prefix_key,
        0, 0, 0, 1, n.retry_of, n.submission, n.custom_id, n.idempotency_key, n.exact_key, n.fingerprint, n.embedder_id, n.has_webhook,
        now(), coalesce(n.deadline, now() + n.ttl), coalesce(n.deadline, now() + n.ttl), now() + n.retention, n.trace_parent,
        case when n.state = 2 then now() end
        """;

    private const string JobArrays = """
        from unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::smallint[], $6::smallint[], $7::smallint[], $8::smallint[], $9::text[], $10::text[], $11::text[],
            $12::int[], $13::int[], $14::bigint[], $15::uuid[], $16::uuid[], $17::text[], $18::text[], $19::bytea[], $20::bytea[], $21::text[], $22::bool[],
            $23::timestamptz[], $24::interval[], $25::interval[], $26::text[], $27::interval[], $28::bool[])
            n(id, tenant, namespace, kind, class, state, on_late, cache_mode, model, revision, adapter,
            prompt_tokens, max_new_tokens, prefix_key, retry_of, submission, custom_id, idempotency_key, exact_key, fingerprint, embedder_id, has_webhook,
            deadline, ttl, retention, trace_parent, quote, will_meet)
        """;

    private const string QueuedEvents = """
        noted as (insert into job_events (job_id, seq, tenant, at, state, claims) select id, seq, tenant, created_at, 0, 0 from stored where state = 0)
        """;

    /// <summary>
    /// Jobs that wait for nobody, and those with an answer. One whose equal is live is left out, after waiting for the transaction that is about to store that.
    /// In order of their keys, so that two submits never wait for each other.
    /// </summary>
    public const string InsertLeaders = $"""
        with stored as (
            insert into jobs ({JobColumns}) select {JobValues}, case when n.state = 0 then now() end, null,
                case when n.state = 2 then now() else now() + n.quote end, case when n.state = 0 then n.will_meet when n.deadline is not null or n.ttl is not null then true end {JobArrays}
            order by n.tenant, n.namespace, n.exact_key nulls first, n.id
            on conflict (tenant, namespace, exact_key) where live and waits_for is null and exact_key is not null do nothing
            returning *),
        {QueuedEvents},
        ticketed as (
            insert into outbox (kind, job, tenant, model, class, prefix_key, deadline, custom_id, idempotency_key, created_at, trace_parent)
            select 0, id, tenant, model, run_class, prefix_key, run_by, custom_id, idempotency_key, created_at, trace_parent from stored where state = 0 and submission is null),
        bundled as (
            {TicketSql.Bundles} stored where state = 0 and submission is not null {TicketSql.EndBundles})
        select id, created_at, deadline, waits_for, eta, will_meet from stored
        """;

    /// <summary>$1 tenants, $2 namespaces, $3 exact keys: holds the live leaders until the transaction ends.</summary>
    public const string LockLeaders = """
        select l.id from unnest($1::text[], $2::text[], $3::bytea[]) n(tenant, namespace, key)
        join jobs l on l.tenant = n.tenant and l.namespace = n.namespace and l.exact_key = n.key
        where l.live and l.waits_for is null and l.exact_key is not null order by l.id for update of l
        """;

    /// <summary>A follower ends with its leader, as long as what that was told can still come true.</summary>
    public const string InsertFollowers = $"""
        with stored as (
            insert into jobs ({JobColumns}) select {JobValues}, null, l.id,
                least(now() + n.quote, case when l.eta > now() then l.eta end),
                n.will_meet or coalesce(l.will_meet and l.deadline <= coalesce(n.deadline, now() + n.ttl), false) {JobArrays}
            join jobs l on l.tenant = n.tenant and l.namespace = n.namespace and l.exact_key = n.exact_key
            where l.live and l.waits_for is null and l.exact_key is not null
            returning *),
        {QueuedEvents}
        select id, created_at, deadline, waits_for, eta, will_meet from stored
        """;

    /// <summary>$1 new followers: their leaders become as urgent as they are, which a ticket tells whoever holds them.</summary>
    public const string HurryLeaders = """
        with hurried as (
            update jobs l set run_by = least(l.run_by, f.run_by), run_class = least(l.run_class, f.run_class), ticketed_at = case when l.state = 0 and l.claims = 0 then now() else l.ticketed_at end
            from (select waits_for, min(deadline) as run_by, min(class) as run_class from jobs where id = any($1) group by waits_for) f
            where l.id = f.waits_for and (l.run_class > f.run_class or l.run_by > f.run_by or (l.run_by is null and f.run_by is not null))
            returning l.id, l.state, l.tenant, l.model, l.run_class, l.prefix_key, l.run_by, l.custom_id, l.idempotency_key, l.trace_parent)
        insert into outbox (kind, job, tenant, model, class, prefix_key, deadline, custom_id, idempotency_key, created_at, trace_parent)
        select 0, id, tenant, model, run_class, prefix_key, run_by, custom_id, idempotency_key, now(), trace_parent from hurried where state = 0
        """;

    /// <summary>$1 jobs, $2 tenants, $3 requests, $4 metadata, $5 cache ttls, $6 webhook URLs, $7 webhook events, $8 embeddings, $9 retentions, $10 guards, $11 shapes, $12 prefix chains.</summary>
    public const string InsertInputs = """
        insert into job_inputs (job, tenant, request, metadata, cache_ttl, webhook_url, webhook_events, embedding, guard, shape, prefix_chain, expires_at)
        select n.job, n.tenant, n.request, n.metadata, n.ttl, n.url, n.events, n.embedding, n.guard, n.shape, n.chain, now() + n.retention
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::interval[], $6::text[], $7::text[], $8::vector[], $9::interval[], $10::bytea[], $11::smallint[], $12::bytea[])
            n(job, tenant, request, metadata, ttl, url, events, embedding, retention, guard, shape, chain)
        """;
}
