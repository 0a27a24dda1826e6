namespace Sluice.Store.Postgres;

/// <summary>Schedules and firings.</summary>
internal static class ScheduleSql
{
    private const string Schedule = """
        id, tenant, name, cron, time_zone, source, request, sink, finish_by, finish_within, overlap, misfire, paused, version, effective_from, last_fire_time, created_at, updated_at
        """;

    private const string Firing = """
        f.id, f.tenant, f.schedule, f.fire_time, f.manual, f.state, f.deadline, f.rows, f.delivered, f.error_code, f.error_message, f.created_at, f.staged_at, f.answered_at, f.finished_at
        """;

    public const string Count = "select count(*) from schedules where tenant = $1";

    /// <summary>$1 id, $2 tenant, $3 name, $4 cron, $5 zone, $6 source, $7 request, $8 sink, $9 finish_by, $10 finish_within, $11 overlap, $12 misfire, $13 paused.</summary>
    public const string Add = """
        insert into schedules (id, tenant, name, cron, time_zone, source, request, sink, finish_by, finish_within, overlap, misfire, paused, version, effective_from, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, now(), now(), now())
        on conflict do nothing returning id
        """;

    public const string List = $"select {Schedule} from schedules where tenant = $1 order by name";
    public const string Get = $"select {Schedule} from schedules where tenant = $1 and id = $2";
    public const string Find = $"select {Schedule} from schedules where tenant = $1 and name = $2";

    /// <summary>As <see cref="Add"/>; $14 the version that is replaced.</summary>
    public const string Update = $"""
        update schedules set name = $3, cron = $4, time_zone = $5, source = $6, request = $7, sink = $8, finish_by = $9, finish_within = $10, overlap = $11, misfire = $12, paused = $13,
            version = version + 1, updated_at = now(),
            effective_from = case when cron <> $4 or time_zone <> $5 or (paused and not $13) then now() else effective_from end
        where tenant = $2 and id = $1 and version = $14 returning {Schedule}
        """;

    public const string Pause = $"""
        update schedules set paused = $3, version = version + (paused <> $3)::int, updated_at = case when paused <> $3 then now() else updated_at end,
            effective_from = case when paused and not $3 then now() else effective_from end
        where tenant = $1 and id = $2 returning {Schedule}
        """;

    public const string Delete = "delete from schedules where tenant = $1 and id = $2 returning id";
    public const string Active = $"select {Schedule} from schedules where not paused order by id";

    /// <summary>Firings of one schedule are noted one after the other.</summary>
    public const string Lock = "select overlap, paused from schedules where id = $1 for update";

    /// <summary>$1 schedule.</summary>
    public const string Open = "select count(*), count(*) filter (where state = 0) from schedule_firings where schedule = $1 and state < 5";

    /// <summary>$1 id, $2 schedule, $3 time or null, $4 deadline, $5 state, $6 code, $7 message.</summary>
    public const string Fire = $"""
        with f as (
            insert into schedule_firings (id, tenant, schedule, fire_time, manual, state, deadline, name, source, request, sink, previous_fire_time,
                rows, delivered, claims, error_code, error_message, created_at, finished_at)
            select $1, s.tenant, s.id, coalesce($3, date_trunc('milliseconds', now())), $3 is null, $5, $4, s.name, s.source, s.request, s.sink, s.last_fire_time,
                0, 0, 0, $6, $7, now(), case when $5 >= 5 then now() end
            from schedules s where s.id = $2
            on conflict (schedule, fire_time) do nothing
            returning *)
        select {Firing} from f
        """;

    /// <summary>$1 schedule, $2 time.</summary>
    public const string NoteFired = "update schedules set last_fire_time = $2 where id = $1 and (last_fire_time is null or last_fire_time < $2)";

    /// <summary>$1 schedule, $2 the firing that takes their place.</summary>
    public const string CancelOlder = """
        update schedule_firings set state = 4, claims = claims + 1, lease_until = null where schedule = $1 and id <> $2 and state < 4
        """;

    public const string Firings = $"select {Firing} from schedule_firings f where f.tenant = $1 and f.schedule = $2 order by f.fire_time desc, f.id desc limit $3";
    public const string Running = $"select {Firing} from schedule_firings f where f.state = 2 order by f.created_at limit $1";
    public const string Answered = "update schedule_firings set state = 3, answered_at = now(), lease_until = null where id = $1 and state = 2 returning id";

    /// <summary>
    /// The latest time before the firing's whose run was not skipped, failed, cancelled or asked for by a person. Where retention has left none: what the oldest that is left was given.
    /// </summary>
    private const string Previous = """
        coalesce(
            (select p.fire_time from schedule_firings p where p.schedule = f.schedule and p.fire_time < f.fire_time and not p.manual and p.state not in (4, 6, 7, 8) order by p.fire_time desc limit 1),
            (select p.previous_fire_time from schedule_firings p where p.schedule = f.schedule and p.fire_time <= f.fire_time and (not p.manual or p.id = f.id) order by p.fire_time limit 1))
        """;

    /// <summary>$1 lease, $2 full tenants. The first claim settles the previous time, for all that go on after it.</summary>
    public const string Claim = $"""
        with due as (
            select d.id from schedule_firings d
            where d.state in (0, 1, 3, 4) and (d.lease_until is null or d.lease_until <= now())
                and not d.tenant = any($2::text[])
                and (d.state <> 0 or not exists (
                    select from schedule_firings o where o.schedule = d.schedule and o.state < 5 and (o.created_at, o.id) < (d.created_at, d.id)))
            order by d.created_at limit 1 for update skip locked)
        update schedule_firings f set state = case f.state when 0 then 1 else f.state end, claims = f.claims + 1, lease_until = now() + $1,
            previous_fire_time = case when f.claims > 0 then f.previous_fire_time else {Previous} end
        from due where f.id = due.id
        returning {Firing}, f.name, f.source, f.request, f.sink, f.previous_fire_time, f.sink_cursor, f.claims
        """;

    /// <summary>$1 firing, $2 claims, $3 state, $4 rows, $5 delivered, $6 sink cursor, $7 code, $8 message, $9 lease.</summary>
    public const string Record = """
        update schedule_firings set
            state = coalesce($3, state), rows = coalesce($4, rows), delivered = coalesce($5, delivered), sink_cursor = coalesce($6, sink_cursor),
            error_code = coalesce($7, error_code), error_message = coalesce($8, error_message),
            staged_at = case when $3 = 2 then now() else staged_at end,
            finished_at = case when $3 >= 5 then now() end,
            lease_until = case when $9 > interval '0' and coalesce($3, state) < 5 then now() + $9 end
        where id = $1 and claims = $2 and state < 5 returning id
        """;
}
