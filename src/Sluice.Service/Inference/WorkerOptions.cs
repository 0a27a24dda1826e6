using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Inference;

/// <summary>Section <c>Worker</c>.</summary>
internal sealed class WorkerOptions
{
    public const string Section = "Worker";

    /// <summary>The same at every start of this worker, and different from every other's: a start declares the former run of its name dead.</summary>
    [Required, StringLength(128, MinimumLength = 1)]
    public string Name { get; set; } = Environment.MachineName;

    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A worker unheard of for this long is declared dead by whoever reconciles. The same on all nodes.</summary>
    public TimeSpan HeartbeatTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan ReconcileInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A queued job that nobody holds gets a new ticket when its last one is older than this; further ones come ever more rarely, at last every four times this.</summary>
    public TimeSpan TicketTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often running jobs are looked up for having been cancelled, expired or taken away.</summary>
    public TimeSpan LostInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often the jobs that the store has down to this worker are compared with those that it knows of.</summary>
    public TimeSpan InventoryInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A worker whose engine has work and makes no step for this long ends itself, as a crash: longer than any step can take. At half of it the worker is
    /// unhealthy. 10 s or more.
    /// </summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often this worker tells how much waits in it and how fast it goes, for quotes.</summary>
    public TimeSpan ReportInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often what was learned of costs is kept in the store.</summary>
    public TimeSpan CostInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Most jobs held for the formers of this process, standard ones up to 15/16 of it, bulk up to 14/16; tickets past it wait in the broker.</summary>
    [Range(1, 1_000_000)]
    public int HoldLimit { get; set; } = 20_000;

    /// <summary>Most tickets of one reservation.</summary>
    [Range(1, 10_000)]
    public int ReserveMax { get; set; } = 1_000;

    /// <summary>A former that is empty this long, beside an engine with room, takes jobs from another worker.</summary>
    public TimeSpan StealAfter { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest pause between attempts to take jobs that find none.</summary>
    public TimeSpan StealBackoff { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A queued job that nobody holds this long after its ticket went to another worker's shard is there to be taken.</summary>
    public TimeSpan ForsakenAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often this worker looks for jobs that had begun elsewhere.</summary>
    public TimeSpan ResumeInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Most jobs taken at once.</summary>
    [Range(1, 20_000)]
    public int StealMax { get; set; } = 1_000;

    /// <summary>A tenant's share of each class's tokens while several wait, relative to the others'; 1 for those not named. Above 0.</summary>
    public Dictionary<string, double> TenantWeights { get; set; } = [];

    /// <summary>How long running jobs may go on after the order to stop; what is left then goes back to the queue, nothing charged.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Bytes of keys and values that each model's engine may keep.</summary>
    [Range(1L << 16, 1L << 44)]
    public long KvBytes { get; set; } = 256L << 20;

    /// <summary>Most sequences in a step of a model's engine.</summary>
    [Range(1, 65_536)]
    public int MaxSequences { get; set; } = 64;

    /// <summary>Most tokens in a step of a model's engine.</summary>
    [Range(1, 1_048_576)]
    public int MaxStepTokens { get; set; } = 512;

    /// <summary>How long a stub engine takes for a batch.</summary>
    public TimeSpan StubDelay { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Most sequences in a stub engine's batch.</summary>
    [Range(1, 100_000)]
    public int StubSequences { get; set; } = 256;

    /// <summary>Fault injection: a stub engine that meets a prompt with this text in it ends the process at once, as a broken driver would. Null in any service that is meant to live.</summary>
    public string? StubCrashOn { get; set; }

    /// <summary>
    /// Enters the scope of cached prefixes, so that no caller can name another's. Any text; null draws one per process, which is right wherever
    /// cached prefixes do not outlive it.
    /// </summary>
    public string? CacheSecret { get; set; }
}
