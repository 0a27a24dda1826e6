namespace Sluice.Migrations.Migrations;

/// <summary>What EF cannot say about submissions.</summary>
internal static class SubmissionRules
{
    /// <summary>Tallies come and go by the thousand; a submission's row is updated with every chunk.</summary>
    public const string Tables = """
        alter table submission_tallies set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000, autovacuum_vacuum_cost_delay = 0);
        alter table submissions set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 1000);
        grant select, insert, update, delete on submission_tallies to sluice_service;
        alter table submission_tallies enable row level security;
        alter table submission_tallies force row level security;
        create policy tenant on submission_tallies using (tenant = current_setting('sluice.tenant', true) or current_setting('sluice.tenant', true) = '*');

        create trigger submissions_terminal before update on submissions for each row
        when (old.state >= 2 and (new.id, new.tenant, new.state, new.finished_at) is distinct from (old.id, old.tenant, old.state, old.finished_at))
        execute function sluice_refuse('a terminal state never changes');
        """;

    public const string Undo = "drop trigger submissions_terminal on submissions;";
}
