using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Schedules;

/// <summary>Section <c>Schedules</c>.</summary>
internal sealed class ScheduleOptions
{
    public const string Section = "Schedules";

    /// <summary>
    /// Folder of the files that schedules read and write; each tenant's lie in a folder of its name within. On several schedulers the same, shared. Without it schedules name no files.
    /// </summary>
    public string? FilesRoot { get; set; }

    /// <summary>Databases that schedules may name: <c>Schedules:Connections:warehouse:ConnectionString</c> (or <c>…:ConnectionString_FILE</c>).</summary>
    public IDictionary<string, ScheduleConnection> Connections { get; } = new Dictionary<string, ScheduleConnection>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Schedules that a tenant may have.</summary>
    [Range(1, 100_000)]
    public int PerTenant { get; set; } = 100;

    /// <summary>Runs of a schedule that may wait for an earlier one (overlap queue); one more is skipped.</summary>
    [Range(1, 10_000)]
    public int MostWaiting { get; set; } = 24;

    /// <summary>Rows of a source that are staged in one transaction, and answers that are taken to a sink in one.</summary>
    [Range(1, 10_000)]
    public int Chunk { get; set; } = 500;

    /// <summary>Runs that this process stages or delivers at a time, half of them (rounded up) of one tenant.</summary>
    [Range(1, 64)]
    public int Concurrency { get; set; } = 4;

    /// <summary>How often this node looks for runs that wait for work and for schedules that changed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:05:00")]
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A run whose scheduler is unheard of for this long is another's.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A time that passed longer ago than this was missed: the schedule's misfire policy decides.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan MisfireThreshold { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often schedulers of a cluster say that they live; one that misses several is dead to the others.</summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "00:10:00")]
    public TimeSpan CheckIn { get; set; } = TimeSpan.FromSeconds(7.5);

    /// <summary>Longest that a statement on a named connection may run.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan StatementTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Attempts at a source or a sink that does not answer, each after a longer pause, before the run fails.</summary>
    [Range(1, 100)]
    public int Attempts { get; set; } = 8;

    /// <summary>Pause before the second attempt; doubled with each.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);
}

/// <summary>A database that schedules may name.</summary>
internal sealed class ScheduleConnection
{
    /// <summary>Postgres. A role of its own, not a superuser, with no more rights than its schedules need.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>Tenants that may name it; all where empty.</summary>
    public IList<string> Tenants { get; } = [];

    /// <summary>Whether schedules may write to it, as a sink.</summary>
    public bool Sink { get; set; }
}
