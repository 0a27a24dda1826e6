using Sluice.Store.Postgres;

namespace Sluice.Store.Checking;

/// <summary>What can be asked of the database alone. States: 0 queued, 1 running, 2 succeeded, 3 failed, 4 expired, 5 cancelled.</summary>
/// <remarks>Erasure keeps the job, its events and its usage, and removes input and result: a success without input is let off having no result.</remarks>
internal static class CheckRules
{
    private const string Wanted = "(i.webhook_events is null or string_to_array(i.webhook_events, ',') && array['job.finished', 'job.' || (array['queued', 'running', 'succeeded', 'failed', 'expired', 'cancelled'])[j.state + 1]])";

    /// <summary>What a delivery tells of, by name: a job, or a submission.</summary>
    private const string ToldOf = "coalesce('job_' || replace(job::text, '-', ''), 'sub_' || replace(submission::text, '-', ''))";

    public static readonly IReadOnlyList<CheckRule> Always =
    [
        new(1, "ended_without_its_event", "select j.id from jobs j left join job_events e on e.job_id = j.id and e.seq = j.seq where j.state >= 2 and e.state is distinct from j.state"),
        new(1, "ended_twice", "select job_id from job_events where state >= 2 group by job_id having count(*) > 1"),
        new(1, "went_on_after_its_end", "select e.job_id from job_events e join jobs j on j.id = e.job_id where e.seq > j.seq"),
        new(1, "live_after_its_end", "select e.job_id from job_events e join jobs j on j.id = e.job_id where e.state >= 2 and j.state < 2"),
        new(1, "events_are_missing", "select j.id from jobs j where j.seq <> (select count(*) from job_events e where e.job_id = j.id)"),
        new(1, "end_and_time_disagree", "select id from jobs where (state >= 2) <> (finished_at is not null)"),

        new(2, "key_without_its_job", "select k.job from idempotency_keys k left join jobs j on j.id = k.job where j.id is null and k.expires_at > now()"),
        new(2, "second_job_of_a_key", "select j.id from jobs j join idempotency_keys k on k.tenant = j.tenant and k.key = j.idempotency_key where k.job <> j.id and j.created_at >= k.created_at"),
        new(2, "live_without_input", "select j.id from jobs j left join job_inputs i on i.job = j.id where j.live and i.job is null"),

        new(3, "result_without_success", "select r.job from results r left join jobs j on j.id = r.job where j.id is null or j.state not in (2, 4)"),
        new(3, "success_without_result", "select j.id from jobs j join job_inputs i on i.job = j.id left join results r on r.job = j.id where j.state = 2 and r.job is null"),
        new(3, "result_of_another_claim", "select r.job from results r join jobs j on j.id = r.job where r.claims <> j.claims"),

        new(4, "empty_answer", "select job from results where outputs in ('', '[]', 'null')"),

        new(5, "started_after_its_deadline", """
            select id from jobs where on_late <> 1 and started_at > deadline
            union select e.job_id from job_events e join jobs j on j.id = e.job_id where e.state = 1 and j.on_late <> 1 and e.at > j.deadline
            """),
        new(5, "expired_with_an_answer", "select j.id from jobs j where j.state = 4 and (exists (select from results r where r.job = j.id) or exists (select from usage u where u.job = j.id))"),

        new(6, "told_twice", $"select {ToldOf} from webhook_deliveries group by job, submission, endpoint, event having count(*) > 1"),
        new(6, "not_told", $"""
            select j.id from jobs j join job_inputs i on i.job = j.id
            where j.state >= 2 and j.has_webhook and i.webhook_url is not null and {Wanted}
                and j.expires_at > now() -- a purge may take deliveries first and inputs in a later batch
                and not exists (select from webhook_deliveries d where d.job = j.id and d.endpoint is null)
            """),
        new(6, "told_before_its_end", "select d.job from webhook_deliveries d join jobs j on j.id = d.job where j.state < 2 or d.created_at < j.finished_at or d.delivered_at < j.finished_at"),

        new(7, "success_without_usage", "select j.id from jobs j left join usage u on u.job = j.id where j.state = 2 and u.job is null"),
        new(7, "usage_without_success", "select u.job from usage u join jobs j on j.id = u.job where j.state not in (2, 4)"),
        new(7, "usage_is_not_the_results", """
            select u.job from usage u join results r on r.job = u.job
            where (u.prompt_tokens, u.cached_tokens, u.generated_tokens, u.drafted_tokens, u.accepted_tokens, u.source)
                <> (r.prompt_tokens, r.cached_tokens, r.generated_tokens, r.drafted_tokens, r.accepted_tokens, r.source)
            """),

        new(8, "runs_for_nobody", "select id from jobs where live and state = 1 and held_by is null"),
        new(8, "ended_and_held", "select id from jobs where state >= 2 and (held_by is not null or waits_for is not null)"),

        // A reconciler sends 5,000 tickets in a round, every 5 s, the oldest first: with many jobs waiting, each one's turn comes later. Twice that time is let pass.
        new(9, "ticket_is_old", $"""
            with free as materialized (select id, coalesce(ticketed_at, created_at) as sent from jobs where live and state = 0 and held_by is null and waits_for is null)
            select id from free where sent < now() - {CheckRule.Stuck} - (select count(*) from free) * interval '2 milliseconds'
            """),
        new(9, "holder_is_silent", $"""
            select j.id from jobs j left join workers w on w.id = j.held_by
            where j.live and j.held_by is not null and coalesce(w.seen_at, greatest(j.started_at, nullif(j.ticketed_at, {DispatchSql.NoTicket})), j.created_at) < now() - {CheckRule.Stuck}
            """),
        new(9, "begun_and_left", $"""
            select j.id from jobs j join job_events e on e.job_id = j.id and e.seq = j.seq
            where j.live and j.state = 0 and j.held_by is null and j.waits_for is null and j.ticketed_at = {DispatchSql.NoTicket} and e.at < now() - {CheckRule.Stuck}
                and exists (select from workers w where j.model = any(w.models) and w.started_at < now() - {CheckRule.Stuck})
            """),
        new(9, "leader_has_ended", "select f.id from jobs f left join jobs l on l.id = f.waits_for where f.live and f.waits_for is not null and (l.id is null or not l.live)"),
        new(9, "deadline_is_past", $"select id from jobs where live and on_late <> 1 and deadline < now() - {CheckRule.Stuck}"),
        new(9, "outbox_waits", $"select job from outbox where created_at < now() - {CheckRule.Stuck}"),
        new(9, "webhook_waits", $"select {ToldOf} from webhook_deliveries where state = 0 and next_at < now() - {CheckRule.Stuck}"),

        new(10, "input_of_another_tenant", "select i.job from job_inputs i join jobs j on j.id = i.job where i.tenant <> j.tenant"),
        new(10, "event_of_another_tenant", "select e.job_id from job_events e join jobs j on j.id = e.job_id where e.tenant <> j.tenant"),
        new(10, "result_of_another_tenant", "select r.job from results r join jobs j on j.id = r.job where r.tenant <> j.tenant"),
        new(10, "usage_of_another_tenant", "select u.job from usage u join jobs j on j.id = u.job where u.tenant <> j.tenant"),
        new(10, "outbox_row_of_another_tenant", "select o.job from outbox o join jobs j on j.id = o.job where o.tenant <> j.tenant"),
        new(10, "key_of_another_tenant", "select k.job from idempotency_keys k join jobs j on j.id = k.job where k.tenant <> j.tenant"),
        new(10, "told_to_another_tenant", """
            select d.job from webhook_deliveries d join jobs j on j.id = d.job left join webhook_endpoints e on e.id = d.endpoint
            where d.tenant <> j.tenant or e.tenant <> d.tenant
            """),
        new(10, "waits_for_another_tenant", "select f.id from jobs f join jobs l on l.id = f.waits_for where l.tenant <> f.tenant"),
        new(10, "retry_of_another_tenant", "select n.id from jobs n join jobs o on o.id = n.retry_of where o.tenant <> n.tenant"),
    ];

    /// <summary>After the last job has ended.</summary>
    public static readonly IReadOnlyList<CheckRule> Drained =
    [
        new(8, "still_live", "select id from jobs where live"),
        new(8, "still_in_the_outbox", "select job from outbox"),
        new(8, "still_to_be_told", $"select {ToldOf} from webhook_deliveries where state = 0"),
    ];

    /// <summary>$1 tenant, whose scope is set: jobs that left an entry with this tenant and are not this tenant's, or are gone.</summary>
    public const string ForeignSources = """
        select c.source_job from cache_entries c where c.tenant = $1 and not exists (select from jobs j where j.id = c.source_job and j.tenant = c.tenant) limit 100000
        """;

    public const string StillThere = "select id from jobs where id = any($1)";

    /// <summary>All tenants that have a job, one look at the index for each.</summary>
    public const string Tenants = """
        with recursive t(tenant) as (
            (select tenant from jobs order by tenant limit 1)
            union all select (select j.tenant from jobs j where j.tenant > t.tenant order by j.tenant limit 1) from t where t.tenant is not null)
        select tenant from t where tenant is not null
        union select name from tenants
        """;

    /// <summary>Rows, live ones, runs, and runs beyond a job's first.</summary>
    public const string Figures = "select count(*), count(*) filter (where live), coalesce(sum(claims), 0)::bigint, coalesce(sum(greatest(claims - 1, 0)), 0)::bigint from jobs";
}
