namespace Sluice.Store.Postgres;

/// <summary>Endpoints and deliveries. The row with an empty URL holds a tenant's secret for the jobs' own webhooks.</summary>
internal static class WebhookSql
{
    private const string Endpoint = "id, tenant, url, events, secret, former_secret, former_until, failing_since, disabled_at, disabled_reason, created_at";
    private const string Delivery = "id, job, url, event, state, attempts, next_at, last_status, last_error, created_at, delivered_at, submission";

    /// <summary>As the memory store's.</summary>
    private const string Target = "coalesce(d.endpoint::text, d.tenant || ' ' || lower(split_part(split_part(d.url, '/', 3), '?', 1)))";

    /// <summary>Due rows that a claim looks at before it knows whether they are wanted.</summary>
    private const string Head = "greatest(8 * $1, 256)";

    /// <summary>As <see cref="DispatchSql.InOrder"/>, and no table is read through either, which seems cheap where few rows are expected.</summary>
    public const string ByIndex = "select from (select set_config('enable_bitmapscan', 'off', true) as b, set_config('enable_seqscan', 'off', true) as s offset 0) o where b is null and s is null";

    public const string Tenant = "insert into tenants (name, created_at) values ($1, now()) on conflict do nothing";

    /// <summary>Adds of one tenant go one after the other. Returns no columns.</summary>
    public const string LockTenant = "select from tenants where name = $1 for no key update";

    /// <summary>$1 id, $2 tenant, $3 url, $4 events, $5 secret, $6 most.</summary>
    public const string Add = """
        insert into webhook_endpoints (id, tenant, url, events, secret, created_at)
        select $1, $2, $3, $4, $5, now()
        where $3 = '' or (select count(*) from webhook_endpoints e where e.tenant = $2 and e.url <> '') < $6
        on conflict (id) do nothing returning id
        """;

    public const string List = $"select {Endpoint} from webhook_endpoints where tenant = $1 and url <> '' order by created_at, id";
    public const string Get = $"select {Endpoint} from webhook_endpoints where tenant = $1 and id = $2";
    public const string Delete = "delete from webhook_endpoints where tenant = $1 and id = $2 returning id";

    /// <summary>Rows that one statement drops at most: a receiver that is down for days has more than one could within its time. Claims drop the rest.</summary>
    public const int MostDropped = 1000;

    /// <summary>$1 tenant, $2 endpoint, $3 why, $4 most.</summary>
    public const string DropFor = """
        update webhook_deliveries set state = 3, last_error = $3 where state = 0 and id = any(array(
            select d.id from webhook_deliveries d where d.tenant = $1 and d.endpoint = $2 and d.state = 0 order by d.endpoint, d.next_at limit $4 for update skip locked))
        """;

    /// <summary>$3 secret, $4 overlap.</summary>
    public const string Rotate = $"update webhook_endpoints set former_secret = secret, former_until = now() + $4, secret = $3 where tenant = $1 and id = $2 returning {Endpoint}";
    public const string Enable = $"update webhook_endpoints set disabled_at = null, disabled_reason = null, failing_since = null where tenant = $1 and id = $2 returning {Endpoint}";

    /// <summary>$3 most.</summary>
    public const string Deliveries = $"select {Delivery} from webhook_deliveries where tenant = $1 and endpoint = $2 order by created_at desc, id limit $3";

    /// <summary>As <see cref="Deliveries"/>, of the jobs' own URLs; $2 is not used.</summary>
    public const string JobDeliveries = $"select {Delivery} from webhook_deliveries where tenant = $1 and endpoint is null and $2 is not null order by created_at desc, id limit $3";

    /// <summary>$2 endpoint or null, $3 delivery.</summary>
    public const string Replay = $"""
        update webhook_deliveries set state = 0, attempts = 0, next_at = now(), delivered_at = null
        where tenant = $1 and id = $3 and endpoint is not distinct from $2 returning {Delivery}
        """;

    /// <summary>
    /// $1 most, $2 per target, $3 busy targets, $4 probes, $5 busy tenants, $6 per tenant. Locks what it returns. <see cref="ByIndex"/> before it. The inner look is wider than
    /// $1, so that one target's many do not hide the others; where they are too many to be passed over (a receiver that is down while rows for it keep coming, or an endpoint that is gone and left
    /// many), endpoints are asked one by one and the jobs' own URLs by themselves (written so that no index but ix_webhook_deliveries_of_endpoint has the order). The conditions stand again outside, where they are asked after the lock.
    /// </summary>
    public const string Due = $"""
        with head as materialized (
            select d.id, d.tenant, d.next_at, {Target} as target, d.endpoint from webhook_deliveries d
            where d.state = 0 and d.next_at <= now() order by d.next_at limit {Head}),
        free as (select * from head where not tenant = any($5::text[]) and not target = any($3::text[])),
        sendable as (select from free f where f.endpoint is null or exists (select from webhook_endpoints e where e.id = f.endpoint and e.disabled_at is null)),
        crowded as (select (select count(*) from head) = {Head} and (select count(*) from sendable) < $1 as yes),
        wide as (
            select id, tenant, next_at, target from free
            union
            select w.* from webhook_endpoints e cross join lateral (
                select d.id, d.tenant, d.next_at, e.id::text as target from webhook_deliveries d
                where d.endpoint >= e.id and d.endpoint <= e.id and d.state = 0 and d.next_at <= now() order by d.endpoint, d.next_at limit $2) w
            where (select yes from crowded) and e.tenant > '' and not e.tenant = any($5::text[]) and not e.id::text = any($3::text[])
            union
            (select d.id, d.tenant, d.next_at, {Target} from webhook_deliveries d
            where (select yes from crowded) and d.endpoint is null and d.state = 0 and d.next_at <= now() and not d.tenant = any($5::text[]) and not {Target} = any($3::text[])
            order by d.endpoint, d.next_at limit 8 * $1)),
        placed as (select id, tenant, next_at, target, row_number() over (partition by target order by next_at, id) as place from wide),
        shared as (select id, target, row_number() over (partition by tenant order by next_at, id) as turn from placed where place <= case when target = any($4::text[]) then 1 else $2 end)
        select d.id, d.tenant, d.job, d.endpoint, d.url, d.event, d.body, d.attempts + 1, p.target, d.created_at,
            j.state, j.finished_at, j.custom_id, j.error_code,
            e.secret, case when e.former_until > now() then e.former_secret end, e.disabled_at is not null,
            d.submission, {SubmissionSql.Columns}
        from shared p join webhook_deliveries d on d.id = p.id
        left join jobs j on j.id = d.job
        left join submissions s on s.id = d.submission
        left join webhook_endpoints e on e.tenant = d.tenant and (e.id = d.endpoint or (d.endpoint is null and e.url = ''))
        where p.turn <= $6 and d.state = 0 and d.next_at <= now()
        order by d.next_at limit $1
        for update of d skip locked
        """;

    /// <summary>$1 ids, $2 bodies, $3 lease.</summary>
    public const string Take = """
        update webhook_deliveries d set attempts = d.attempts + 1, next_at = now() + $3, body = n.body
        from unnest($1::uuid[], $2::bytea[]) n(id, body) where d.id = n.id
        """;

    /// <summary>$1 ids, $2 why.</summary>
    public const string Drop = """
        update webhook_deliveries d set state = 3, last_error = n.error from unnest($1::uuid[], $2::text[]) n(id, error) where d.id = n.id
        """;

    /// <summary>$1 id, $2 attempt, $3 state, $4 status or -1, $5 error or empty, $6 delay.</summary>
    public const string Record = """
        update webhook_deliveries set state = $3, last_status = nullif($4, -1), last_error = nullif($5, ''), next_at = now() + $6, delivered_at = case when $3 = 1 then now() end
        where id = $1 and attempts = $2 and state = 0 returning tenant, endpoint
        """;

    public const string Succeeded = "update webhook_endpoints set failing_since = null where id = $1 and failing_since is not null and disabled_at is null";

    /// <summary>$1 endpoint, $2 gone, $3 disable after. Touches the row only where something changes.</summary>
    public const string Failed = """
        update webhook_endpoints set failing_since = coalesce(failing_since, now()),
            disabled_at = case when $2 or failing_since <= now() - $3 then now() end,
            disabled_reason = case when $2 then 'gone' when failing_since <= now() - $3 then 'failing' end
        where id = $1 and disabled_at is null and ($2 or failing_since is null or failing_since <= now() - $3)
        returning disabled_at is not null
        """;
}
