namespace Sluice.Store.Postgres;

/// <summary>What is written when jobs end. $1 of each is the ended jobs' ids, unless it says otherwise; their rows are terminal already.</summary>
internal static class TerminalSql
{
    /// <summary>$1 ids, $2 source, $3 outputs, $4-$8 tokens, $9 cache tier, $10 cache entry, $11 similarity, $12 embedding, $13 embedder. The submit's embedding stands in where the run gave none.</summary>
    public const string Results = """
        insert into results (job, tenant, source, outputs, prompt_tokens, cached_tokens, generated_tokens, drafted_tokens, accepted_tokens,
            cache_tier, cache_entry, similarity, embedding, dim, embedder_id, model_revision, claims, created_at, expires_at)
        select n.job, j.tenant, n.source, n.outputs, n.prompt, n.cached, n.generated, n.drafted, n.accepted,
            n.tier, n.entry, n.similarity, coalesce(n.embedding, i.embedding), vector_dims(coalesce(n.embedding, i.embedding)),
            coalesce(n.embedder, j.embedder_id), j.model_revision, j.claims, now(), j.expires_at
        from unnest($1::uuid[], $2::smallint[], $3::text[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $9::text[], $10::uuid[], $11::float8[], $12::vector[], $13::text[])
            n(job, source, outputs, prompt, cached, generated, drafted, accepted, tier, entry, similarity, embedding, embedder)
        join jobs j on j.id = n.job
        left join job_inputs i on i.job = n.job
        """;

    /// <summary>$2 worker or null.</summary>
    public const string Events = """
        insert into job_events (job_id, seq, tenant, at, state, reason, worker, batch, claims)
        select id, seq, tenant, now(), state, error_code, $2, batch, claims from jobs where id = any($1)
        """;

    /// <summary>Of jobs without a submission: those of one are told of by its own end.</summary>
    public const string Finished = """
        insert into outbox (kind, job, tenant, model, class, prefix_key, deadline, state, error_code, custom_id, idempotency_key, created_at, trace_parent)
        select 1, id, tenant, model, run_class, prefix_key, run_by, state, error_code, custom_id, idempotency_key, now(), trace_parent
        from jobs where id = any($1)
        """;

    /// <summary>$1 submissions, $2 tenants, $3-$6 how many succeeded, failed, expired, were cancelled.</summary>
    public const string Tallies = """
        insert into submission_tallies (submission, tenant, succeeded, failed, expired, cancelled)
        select * from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::int[], $6::int[])
        """;

    public const string Usage = """
        insert into usage (job, tenant, at, model, kind, source, prompt_tokens, cached_tokens, generated_tokens, drafted_tokens, accepted_tokens)
        select r.job, r.tenant, now(), j.model, j.kind, r.source, r.prompt_tokens, r.cached_tokens, r.generated_tokens, r.drafted_tokens, r.accepted_tokens
        from results r join jobs j on j.id = r.job where r.job = any($1)
        """;

    /// <summary>The jobs' own webhooks and their tenants' endpoints, where they want this end. $2 names of the states by number.</summary>
    public const string Webhooks = """
        insert into webhook_deliveries (id, tenant, job, endpoint, url, event, state, attempts, next_at, created_at, expires_at)
        select gen_random_uuid(), j.tenant, j.id, w.endpoint, w.url, 'job.' || ($2::text[])[j.state + 1], 0, 0, now(), now(), j.expires_at
        from jobs j cross join lateral (
            select null::uuid as endpoint, i.webhook_url as url from job_inputs i
            where j.has_webhook and i.job = j.id and i.webhook_url is not null
                and (i.webhook_events is null or string_to_array(i.webhook_events, ',') && array['job.finished', 'job.' || ($2::text[])[j.state + 1]])
            union all
            select e.id, e.url from webhook_endpoints e
            where e.tenant = j.tenant and e.disabled_at is null
                and (e.events = '{}' or e.events && array['job.finished', 'job.' || ($2::text[])[j.state + 1]])) w
        where j.id = any($1)
        """;

    /// <summary>Live twins of ended leaders, held until the transaction ends.</summary>
    public const string Followers = "select id, waits_for, tenant, submission from jobs where live and waits_for = any($1) order by id for update";

    /// <summary>The leaders have ended: what their answers are the answers of is written.</summary>
    public const string AnswerFollowers = """
        update jobs j set state = 2, finished_at = now(), waits_for = null, model_revision = l.model_revision, seq = j.seq + 1
        from jobs l where j.id = any($1) and l.id = j.waits_for
        """;

    /// <summary>$1 ended leaders: the oldest live twin of each takes over, with a ticket; the others wait for it.</summary>
    public const string Promote = """
        with line as (
            select waits_for as ended, (array_agg(id order by created_at, id))[1] as heir, min(deadline) as run_by, min(class) as run_class
            from jobs where live and waits_for = any($1) group by waits_for),
        heirs as (
            update jobs j set waits_for = null, ticketed_at = now(), seq = j.seq + 1, run_by = line.run_by, run_class = line.run_class
            from line where j.id = line.heir and j.live
            returning j.id, line.ended, j.tenant, j.model, j.run_class, j.prefix_key, j.run_by, j.custom_id, j.idempotency_key, j.trace_parent, j.seq, j.claims),
        rest as (update jobs j set waits_for = heirs.id from heirs where j.waits_for = heirs.ended and j.live and j.id <> heirs.id),
        noted as (
            insert into job_events (job_id, seq, tenant, at, state, reason, claims)
            select id, seq, tenant, now(), 0, 'promoted', claims from heirs)
        insert into outbox (kind, job, tenant, model, class, prefix_key, deadline, custom_id, idempotency_key, created_at, trace_parent)
        select 0, id, tenant, model, run_class, prefix_key, run_by, custom_id, idempotency_key, now(), trace_parent from heirs
        """;

    /// <summary>$1 ids of one tenant, whose scope is set; a newer answer replaces an older one, and none is kept for longer than its job's result. Only a job of cache mode semantic leaves what the semantic tier compares.</summary>
    public const string CacheEntries = """
        insert into cache_entries (id, tenant, namespace, exact_key, fingerprint, model, model_revision, adapter, source_job, outputs,
            prompt_tokens, cached_tokens, generated_tokens, drafted_tokens, accepted_tokens, embedding, dim, embedder_id, guard, created_at, expires_at)
        select gen_random_uuid(), j.tenant, j.namespace, j.exact_key, j.fingerprint, j.model, j.model_revision, j.adapter, j.id, r.outputs,
            r.prompt_tokens, r.cached_tokens, r.generated_tokens, r.drafted_tokens, r.accepted_tokens, s.embedding, vector_dims(s.embedding), s.embedder_id, s.guard,
            now(), least(now() + i.cache_ttl, j.expires_at)
        from jobs j join results r on r.job = j.id join job_inputs i on i.job = j.id
        left join lateral (select i.embedding, j.embedder_id, i.guard where j.cache_mode = 2 and i.guard is not null and i.embedding is not null) s on true
        where j.id = any($1) and j.exact_key is not null
        order by j.namespace, j.exact_key
        on conflict (tenant, namespace, exact_key) do update set id = excluded.id, fingerprint = excluded.fingerprint, model = excluded.model,
            model_revision = excluded.model_revision, adapter = excluded.adapter, source_job = excluded.source_job, outputs = excluded.outputs,
            prompt_tokens = excluded.prompt_tokens, cached_tokens = excluded.cached_tokens, generated_tokens = excluded.generated_tokens,
            drafted_tokens = excluded.drafted_tokens, accepted_tokens = excluded.accepted_tokens, embedding = excluded.embedding, dim = excluded.dim,
            embedder_id = excluded.embedder_id, guard = excluded.guard, created_at = excluded.created_at, expires_at = excluded.expires_at
        """;
}
