namespace Sluice.Migrations.Migrations;

/// <summary>What EF cannot say about schedules: the service's rights, row-level security, room for a firing's updates.</summary>
internal static class ScheduleRules
{
    public const string Firings = """
        alter table schedule_firings set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 200);
        grant select, insert, update, delete on schedule_firings to sluice_service;
        alter table schedule_firings enable row level security;
        alter table schedule_firings force row level security;
        create policy tenant on schedule_firings using (tenant = current_setting('sluice.tenant', true) or current_setting('sluice.tenant', true) = '*');
        """;
}
