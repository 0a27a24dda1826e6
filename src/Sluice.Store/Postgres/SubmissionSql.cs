namespace Sluice.Store.Postgres;

/// <summary>Statements of submissions. A submission's row is locked last, after its jobs: only tending takes it first, and passes over jobs that are locked.</summary>
internal static class SubmissionSql
{
    /// <summary>As <see cref="SubmissionRows"/> reads them.</summary>
    public const string Columns = """
        s.id, s.tenant, s.state, s.source, s.name, s.idempotency_key, s.request_hash, s.schedule, s.fire_time, s.cancel_incomplete, s.upload_incomplete,
        s.defaults, s.finish_by, s.metadata, s.lines, s.invalid, s.fed, s.succeeded, s.failed, s.expired, s.cancelled, s.last_line, s.fed_to, s.cursor,
        s.created_at, s.closed_at, s.finished_at, s.model, s.fed_prompt_tokens, s.fed_new_tokens
        """;

    /// <summary>How many those are.</summary>
    public const int ColumnCount = 30;

    /// <summary>$1 id, $2 tenant, $3 source, $4 name, $5 key, $6 schedule, $7 fire time, $8 cancel incomplete, $9 defaults, $10 finish by, $11 metadata, $12 retention.</summary>
    public const string Start = $"""
        insert into submissions as s (id, tenant, state, source, name, idempotency_key, schedule, fire_time, upload_incomplete, cancel_incomplete, defaults, finish_by, metadata,
            lines, invalid, fed, succeeded, failed, expired, cancelled, last_line, fed_to, created_at, touched_at, settled, expires_at)
        values ($1, $2, 0, $3, $4, $5, $6, $7, false, $8, $9, $10, $11, 0, 0, 0, 0, 0, 0, 0, 0, 0, now(), now(), false, now() + $12)
        on conflict do nothing
        returning {Columns}
        """;

    /// <summary>$1 tenant, $2 id, $3 key, $4 schedule, $5 fire time.</summary>
    public const string Existing = $"""
        select {Columns} from submissions s
        where s.tenant = $1 and (s.id = $2 or s.idempotency_key = $3::text or (s.schedule = $4 and s.fire_time = $5::timestamptz)) limit 1
        """;

    /// <summary>$1 tenant, $2 id, $3 after, $4 last, $5 lines, $6 of them invalid, $7 cursor. Holds the row.</summary>
    public const string Advance = $"""
        update submissions s set lines = lines + $5, invalid = invalid + $6, last_line = $4, cursor = coalesce($7, cursor), touched_at = now()
        where s.tenant = $1 and s.id = $2 and s.state = 0 and s.last_line = $3
        returning {Columns}
        """;

    /// <summary>$1 submission, $2 tenant, $3 numbers, $4 hashes, $5 requests, after <see cref="Advance"/> in the same transaction, else nothing. Returns those whose custom_id is new.</summary>
    public const string Stage = """
        insert into submission_lines (submission, number, tenant, state, id_hash, request)
        select $1, n.number, $2, 0, n.hash, n.request from unnest($3::int[], $4::uuid[], $5::bytea[]) n(number, hash, request)
        where exists (select from submissions s where s.id = $1 and s.tenant = $2 and s.state = 0 and s.touched_at = now())
        on conflict (submission, id_hash) where id_hash is not null do nothing
        returning number
        """;

    /// <summary>$1 submission, $2 tenant, $3 numbers, $4 custom ids, $5 errors.</summary>
    public const string StageInvalid = """
        insert into submission_lines (submission, number, tenant, state, custom_id, errors)
        select $1, n.number, $2, 1, n.id, n.errors from unnest($3::int[], $4::text[], $5::text[]) n(number, id, errors)
        """;

    /// <summary>$1 tenant, $2 id, $3 more.</summary>
    public const string AddInvalid = $"update submissions s set invalid = invalid + $3 where s.tenant = $1 and s.id = $2 returning {Columns}";

    /// <summary>$1 tenant, $2 id, $3 hash, $4 broken off.</summary>
    public const string Close = """
        update submissions set state = 1, request_hash = $3, upload_incomplete = $4, closed_at = now()
        where tenant = $1 and id = $2 and state = 0 and not ($4 and cancel_incomplete)
        """;

    /// <summary>$1 tenant, $2 id, $3 broken off, $4 give the key back.</summary>
    public const string Cancel = """
        update submissions set state = 3, upload_incomplete = upload_incomplete or $3, idempotency_key = case when not $4 then idempotency_key end,
            cancelled = cancelled + (lines - invalid - fed), closed_at = coalesce(closed_at, now()), finished_at = now()
        where tenant = $1 and id = $2 and state < 2
        """;

    /// <summary>As <see cref="Cancel"/>, only while receiving and only where a broken upload cancels or $5.</summary>
    public const string CancelUpload = Cancel + " and state = 0 and (cancel_incomplete or $5)";

    public const string Get = $"select {Columns} from submissions s where s.tenant = $1 and s.id = $2";

    /// <summary>$1 tenant, $2 below this id, $3 state, $4 schedule, $5 limit.</summary>
    public const string Page = $"""
        select {Columns} from submissions s
        where s.tenant = $1 and s.id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff') and ($3 is null or s.state = $3) and ($4 is null or s.schedule = $4)
        order by s.id desc limit $5
        """;

    /// <summary>$1 submission, $2 after, $3 limit.</summary>
    public const string Invalid = """
        select number, custom_id, errors, null::bytea from submission_lines where submission = $1 and number > $2 and state = 1 order by number limit $3
        """;

    /// <summary>$1 submission, $2 after, $3 limit: staged lines of one that was cancelled.</summary>
    public const string Unfed = """
        select number, custom_id, errors, request from submission_lines where submission = $1 and number > $2 and state = 0 order by number limit $3
        """;

    /// <summary>$1 feeder, $2 most live, $3 full tenants, $4 lease, $5 those that it leaves to others. Of several the one that waited longest since it was taken last or came.</summary>
    public const string Take = $"""
        with given as (
            update submissions s set feeder = null
            from (select id from submissions where id = any($5::uuid[]) and feeder = $1 for update skip locked) g where s.id = g.id),
        chosen as (
            select id from submissions
            where not settled and state < 2 and (state = 1 or not cancel_incomplete) and fed_to < last_line
                and (feeder is null or feeder = $1 or feeder_until < now())
                and fed - (succeeded + failed + expired + cancelled) < $2 and not tenant = any($3::text[]) and not id = any($5::uuid[])
            order by coalesce(feeder_until - $4, created_at), feeder_until nulls first limit 1 for update skip locked)
        update submissions s set feeder = $1, feeder_until = now() + $4 from chosen c where s.id = c.id
        returning {Columns}
        """;

    /// <summary>$1 submission, $2 after, $3 up to, $4 most lines, $5 most bytes, one line at least.</summary>
    public const string Staged = """
        select number, request from (
            select number, request, sum(octet_length(request)) over (order by number) - octet_length(request) as before
            from (select number, request from submission_lines where submission = $1 and number > $2 and number <= $3 and state = 0 order by number limit $4) l) m
        where before < $5
        """;

    /// <summary>$1 id.</summary>
    public const string FedTo = "select fed_to from submissions where id = $1 and state < 2";

    /// <summary>$1 id, $2 fed to before, $3 fed to now, $4 jobs, $5 invalid, $6 model (empty for several, null for no jobs), $7 prompt tokens and $8 most new tokens of those that were queued.</summary>
    public const string Fed = """
        update submissions set fed_to = $3, fed = fed + $4, invalid = invalid + $5,
            model = case when $6::text is null or model = $6 then model when model is null then $6 else '' end, fed_prompt_tokens = fed_prompt_tokens + $7, fed_new_tokens = fed_new_tokens + $8
        where id = $1 and fed_to = $2 and state < 2 returning id
        """;

    /// <summary>$1 submission, $2 numbers, $3 custom ids, $4 errors.</summary>
    public const string Refuse = """
        update submission_lines l set state = 1, request = null, custom_id = n.id, errors = n.errors
        from unnest($2::int[], $3::text[], $4::text[]) n(number, id, errors) where l.submission = $1 and l.number = n.number
        """;

    public const string CountOpen = "select count(*) from submissions where not settled";

    /// <summary>$1 age of an abandoned upload. Those that a round can move on: all others are passed over without a transaction, so there need be no limit.</summary>
    public const string ToTend = """
        select s.id from submissions s
        where not s.settled and (s.state >= 2 or (s.state = 0 and s.source = 0 and s.touched_at < now() - $1)
            or (s.state = 1 and s.fed_to = s.last_line and s.lines - s.invalid <= s.succeeded + s.failed + s.expired + s.cancelled)
            or exists (select from submission_tallies t where t.submission = s.id))
        """;

    /// <summary>$1 id, $2 age of an abandoned upload. No row where another holds it.</summary>
    public const string Hold = $"""
        select {Columns}, s.state = 0 and s.source = 0 and s.touched_at < now() - $2 from submissions s where s.id = $1 and not s.settled for update skip locked
        """;

    /// <summary>$1 id: adds up what has ended.</summary>
    public const string Fold = $"""
        with gone as (delete from submission_tallies where submission = $1 returning succeeded, failed, expired, cancelled),
        sums as (select sum(succeeded)::int as succeeded, sum(failed)::int as failed, sum(expired)::int as expired, sum(cancelled)::int as cancelled, count(*) as n from gone)
        update submissions s set succeeded = s.succeeded + u.succeeded, failed = s.failed + u.failed, expired = s.expired + u.expired, cancelled = s.cancelled + u.cancelled
        from sums u where s.id = $1 and u.n > 0
        returning {Columns}
        """;

    /// <summary>$1 id, $2 most: jobs that are locked are left to the next page.</summary>
    public const string CancelJobs = """
        update jobs j set state = 5, finished_at = now(), held_by = null, waits_for = null, seq = j.seq + 1
        where j.id = any(array(select id from jobs where submission = $1 and live order by id limit $2 for update skip locked))
        returning j.id, j.tenant, j.state, j.exact_key is not null, j.submission
        """;

    /// <summary>$1 id.</summary>
    public const string Settle = "update submissions set settled = true, state = greatest(state, 2::smallint), finished_at = coalesce(finished_at, now()), feeder = null, feeder_until = null where id = $1";

    /// <summary>$1 id, $2 event: rows for the endpoints of its tenant that want it.</summary>
    public const string Tell = """
        insert into webhook_deliveries (id, tenant, submission, endpoint, url, event, state, attempts, next_at, created_at, expires_at)
        select gen_random_uuid(), s.tenant, s.id, e.id, e.url, $2, 0, 0, now(), now(), s.expires_at
        from submissions s join webhook_endpoints e on e.tenant = s.tenant
        where s.id = $1 and e.disabled_at is null and e.url <> '' and (e.events = '{}' or $2 = any(e.events))
        """;
}
