using System.Text;

namespace Sluice.Migrations.Migrations;

/// <summary>
/// What Quartz 4.7 keeps in Postgres, in a schema of its own: names and types are Quartz's. The service's role may change rows, not tables. History is not kept here, so its tables are left out.
/// </summary>
internal static class QuartzTables
{
    public const string Schema = "quartz";
    public const string Undo = $"drop schema if exists {Schema} cascade";

    private const string OfTrigger = "trigger_name text, trigger_group text";
    private const string Pause = "pause_reason varchar(250)?, paused_by varchar(200)?, paused_at bigint?";

    // Name; key and other columns beside sched_name, which each begins with ('?' may be null); what rows hang on, where they do.
    private static readonly (string Name, string Key, string Columns, string Parent)[] s_tables =
    [
        ("job_details", "job_name text, job_group text",
            "description text?, job_class_name text, is_durable bool, is_nonconcurrent bool, is_update_data bool, requests_recovery bool, job_data bytea?", ""),
        ("triggers", OfTrigger,
            "job_name text, job_group text, description text?, next_fire_time bigint?, prev_fire_time bigint?, priority integer?, trigger_state text, trigger_type text, start_time bigint, "
            + "end_time bigint?, calendar_name text?, misfire_instr smallint?, misfire_orig_fire_time bigint?, execution_group varchar(200)?, preferred_node varchar(200)?, "
            + "preferred_node_auto bool=false, retry_policy varchar(250)?, retry_attempt integer?, continues_trigger_name text?, continues_trigger_group text?, "
            + $"continuation_condition integer?, overlap_policy integer?, {Pause}, misfire_threshold bigint?, fixed_delay bool?, job_data bytea?", "job_details"),
        ("simple_triggers", OfTrigger, "repeat_count bigint, repeat_interval bigint, times_triggered bigint", "triggers"),
        ("cron_triggers", OfTrigger, "cron_expression text, time_zone_id text?", "triggers"),
        ("simprop_triggers", OfTrigger,
            "str_prop_1 text?, str_prop_2 text?, str_prop_3 text?, int_prop_1 integer?, int_prop_2 integer?, long_prop_1 bigint?, long_prop_2 bigint?, dec_prop_1 numeric?, dec_prop_2 numeric?, "
            + "bool_prop_1 bool?, bool_prop_2 bool?, time_zone_id text?", "triggers"),
        ("blob_triggers", OfTrigger, "blob_data bytea?", "triggers"),
        ("calendars", "calendar_name text", "calendar bytea", ""),
        ("paused_trigger_grps", "trigger_group text", Pause, ""),
        ("paused_job_grps", "job_group text", Pause, ""),
        ("fired_triggers", "entry_id text",
            $"{OfTrigger}, instance_name text, fired_time bigint, sched_time bigint, priority integer, state text, job_name text?, job_group text?, is_nonconcurrent bool, requests_recovery bool?, "
            + "execution_group varchar(200)?, progress integer?, progress_message varchar(250)?, interrupt_requested_time bigint?", ""),
        ("scheduler_state", "instance_name text", "last_checkin_time bigint, checkin_interval bigint, quartz_version varchar(20)?", ""),
        ("locks", "lock_name text", "", ""),
    ];

    // Table and columns after sched_name.
    private static readonly (string Table, string Columns)[] s_indexes =
    [
        ("job_details", "job_group, job_name"), ("triggers", "job_name, job_group"), ("triggers", "calendar_name"), ("triggers", "trigger_group, trigger_name"),
        ("triggers", "trigger_state, next_fire_time, priority desc, misfire_instr"), ("fired_triggers", "instance_name, requests_recovery"),
        ("fired_triggers", "job_name, job_group"), ("fired_triggers", "trigger_group, trigger_name"),
    ];

    /// <summary>Schema, tables, indexes, and what the service may do.</summary>
    public static string Create()
    {
        StringBuilder sql = new($"create schema if not exists {Schema};\n");
        foreach ((string name, string key, string columns, string parent) in s_tables)
        {
            string[] keys = [.. Split(key).Select(Name)];
            IEnumerable<string> all = Split(key).Concat(Split(columns)).Select(Column);
            sql.Append($"create table {Table(name)} (sched_name text not null, {string.Join(", ", all)}, primary key (sched_name, {string.Join(", ", keys)})");
            if (parent.Length > 0)
            {
                string reference = parent == "job_details" ? "job_name, job_group" : "trigger_name, trigger_group";
                string end = parent == "job_details" ? "" : " on delete cascade";
                sql.Append($", foreign key (sched_name, {reference}) references {Table(parent)} (sched_name, {reference}){end}");
            }
            sql.Append(");\n");
        }
        foreach ((string table, string columns) in s_indexes)
        {
            sql.Append($"create index on {Table(table)} (sched_name, {columns});\n");
        }
        sql.Append($"grant usage on schema {Schema} to sluice_service;\ngrant select, insert, update, delete on all tables in schema {Schema} to sluice_service;\n");
        return sql.ToString();
    }

    private static string Table(string name) => $"{Schema}.qrtz_{name}";

    private static string[] Split(string columns) => columns.Split(", ", StringSplitOptions.RemoveEmptyEntries);

    private static string Name(string column) => column[..column.IndexOf(' ', StringComparison.Ordinal)];

    private static string Column(string column) =>
        column.EndsWith('?') ? column[..^1]
        : column.EndsWith("=false", StringComparison.Ordinal) ? $"{column[..^6]} not null default false"
        : $"{column} not null";
}
