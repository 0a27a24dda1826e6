namespace Sluice.Store.Checking;

/// <summary>What is looked at, and how carefully.</summary>
public sealed record CheckOptions
{
    /// <summary>As the service's own role, or any other with select on its tables: row-level security is answered by the setting sluice.tenant.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>What callers saw; null where nothing is known but the database.</summary>
    public ClientLog? Log { get; init; }

    /// <summary>Nothing may be live any more: no queued or running job, no outbox row, no webhook to be sent.</summary>
    public bool Drained { get; init; }

    /// <summary>What waits longer than this for somebody who should have come is stuck.</summary>
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest for one statement; past it a rule counts as not checked.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most offending ids named for each rule.</summary>
    public int Examples { get; init; } = 10;
}

/// <summary>What was found. Ids only: never what a person wrote or got.</summary>
/// <param name="Ok">Every rule was checked and none is broken.</param>
/// <param name="Jobs">Rows of jobs; null where the count ran out of time.</param>
/// <param name="Live">Of these queued or running; null as above.</param>
/// <param name="WastedCompute">Runs that did not count, of all runs; 0 where they were not counted.</param>
/// <param name="Recovered">Submits whose answer was lost and which had taken effect; null without a log, or where not every key was asked for.</param>
/// <param name="Invariants">I1 to I10.</param>
public sealed record CheckReport(bool Ok, long? Jobs, long? Live, double WastedCompute, long? Recovered, IReadOnlyList<InvariantReport> Invariants);

/// <summary>One invariant.</summary>
/// <param name="Id"><c>I1</c> to <c>I10</c>.</param>
/// <param name="Says">What must hold, in a few words.</param>
/// <param name="Violations">Sum over its rules; a job that breaks two is counted twice.</param>
/// <param name="NotChecked">Rules without an answer, and why; empty where all were asked.</param>
/// <param name="Broken">Rules that something breaks.</param>
public sealed record InvariantReport(string Id, string Says, long Violations, IReadOnlyList<string> NotChecked, IReadOnlyList<RuleReport> Broken);

/// <summary>One rule that is broken.</summary>
/// <param name="Rule">Its name.</param>
/// <param name="Violations">How often.</param>
/// <param name="Examples">Some of those that break it: <c>job_…</c>, a key or an event id.</param>
public sealed record RuleReport(string Rule, long Violations, IReadOnlyList<string> Examples);
