namespace Sluice.Migrations.Migrations;

/// <summary>What EF cannot say about the first schema: storage, terminal states, the service's role and row-level security.</summary>
internal static class InitialRules
{
    /// <summary>Room on the page for the updates of a job's life; dead rows are swept long before the default fifth of the table.</summary>
    public const string Storage = """
        alter table jobs set (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
        alter table outbox set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, autovacuum_vacuum_cost_delay = 0);
        alter table workers set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
        alter table webhook_deliveries set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
        alter table job_inputs alter column embedding set storage external;
        alter table results alter column embedding set storage external;
        alter table cache_entries alter column embedding set storage external;
        """;

    /// <summary>Nothing leaves a terminal state; erasure may empty what a person wrote. Results never change, events are only added to.</summary>
    public const string TerminalStates = """
        create function sluice_refuse() returns trigger language plpgsql as $$
        begin
            raise exception '%', tg_argv[0] using errcode = 'integrity_constraint_violation';
        end $$;

        create trigger jobs_terminal before update on jobs for each row
        when (old.state >= 2 and
            (new.id, new.tenant, new.state, new.kind, new.model, new.model_revision, new.claims, new.failures, new.seq, new.created_at, new.started_at, new.finished_at, new.deadline, new.error_code)
            is distinct from
            (old.id, old.tenant, old.state, old.kind, old.model, old.model_revision, old.claims, old.failures, old.seq, old.created_at, old.started_at, old.finished_at, old.deadline, old.error_code))
        execute function sluice_refuse('a terminal state never changes');

        create trigger results_frozen before update on results for each row execute function sluice_refuse('a result never changes');
        create trigger job_events_frozen before update on job_events for each row execute function sluice_refuse('events are only added');

        create function sluice_keep_events() returns trigger language plpgsql as $$
        begin
            if exists (select from jobs where id = old.job_id) then
                raise exception 'events go only after their job' using errcode = 'integrity_constraint_violation';
            end if;
            return old;
        end $$;
        create trigger job_events_kept before delete on job_events for each row execute function sluice_keep_events();
        """;

    /// <summary>The role that the service connects as. Its password is the operator's to set.</summary>
    public const string Role = """
        do $$
        begin
            if not exists (select from pg_roles where rolname = 'sluice_service') then
                create role sluice_service login nosuperuser nocreatedb nocreaterole nobypassrls;
            end if;
        end $$;
        grant usage on schema public to sluice_service;
        grant select, insert, update, delete on
            jobs, job_inputs, submissions, submission_lines, outbox, idempotency_keys, cache_entries, webhook_endpoints, webhook_deliveries,
            schedules, tenants, api_keys, usage, workers, models, cost_models
            to sluice_service;
        grant select, insert, delete on results, job_events to sluice_service;
        grant select on schema_migrations to sluice_service;
        """;

    /// <summary>
    /// A transaction says whom it serves in the setting sluice.tenant: a tenant, or '*' for dispatch, which spans tenants. Without it, no row is seen.
    /// Cache entries know no '*': the tenant is set for each.
    /// </summary>
    public const string RowLevelSecurity = """
        do $$
        declare name text;
        begin
            foreach name in array array['jobs', 'job_inputs', 'job_events', 'results', 'submissions', 'submission_lines', 'outbox', 'idempotency_keys',
                'webhook_endpoints', 'webhook_deliveries', 'schedules', 'api_keys', 'usage']
            loop
                execute format('alter table %I enable row level security', name);
                execute format('alter table %I force row level security', name);
                execute format('create policy tenant on %I using (tenant = current_setting(''sluice.tenant'', true) or current_setting(''sluice.tenant'', true) = ''*'')', name);
            end loop;
        end $$;
        alter table tenants enable row level security;
        alter table tenants force row level security;
        create policy tenant on tenants using (name = current_setting('sluice.tenant', true) or current_setting('sluice.tenant', true) = '*');
        alter table cache_entries add constraint ck_cache_entries_tenant check (tenant <> '*');
        alter table cache_entries enable row level security;
        alter table cache_entries force row level security;
        create policy tenant on cache_entries using (tenant = current_setting('sluice.tenant', true));
        """;

    public const string Undo = """
        drop function if exists sluice_refuse() cascade;
        drop function if exists sluice_keep_events() cascade;
        """;
}
