using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Intake;

/// <summary>Section <c>Intake</c>.</summary>
internal sealed class IntakeOptions
{
    public const string Section = "Intake";

    /// <summary>Queued jobs that one tenant may have; past it 429.</summary>
    [Range(1, 100_000_000)]
    public int QueuedPerTenant { get; set; } = 100_000;

    /// <summary>Tokens (of prompts, and those that may be generated) that wait in one tenant's queued jobs; past it 429.</summary>
    [Range(1, long.MaxValue)]
    public long QueuedTokensPerTenant { get; set; } = 1_000_000_000;

    /// <summary>Queued jobs of all tenants; past it 429.</summary>
    [Range(1, long.MaxValue)]
    public long Queued { get; set; } = 1_000_000;

    /// <summary>Tokens that wait in the queued jobs of all tenants; past it 429.</summary>
    [Range(1, long.MaxValue)]
    public long QueuedTokens { get; set; } = 10_000_000_000;

    /// <summary>How often the bounds on tokens and on all tenants are counted anew; between two counts this process adds what it accepts itself.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan CountEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long input and result are kept after acceptance.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Furthest deadline and longest ttl.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan Horizon { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Most jobs in one submit transaction.</summary>
    [Range(1, 10_000)]
    public int JobsPerTransaction { get; set; } = 256;

    /// <summary>Submit transactions at a time.</summary>
    [Range(1, 64)]
    public int Transactions { get; set; } = 2;

    /// <summary>Jobs that may wait for a transaction; past it 503.</summary>
    [Range(1, 1_000_000)]
    public int Backlog { get; set; } = 8192;

    /// <summary>After this a submit transaction is given up: 503.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan StoreTimeout { get; set; } = TimeSpan.FromSeconds(1.5);
}
