namespace Sluice.Store;

/// <summary>
/// Forgets what has been kept long enough. Two are shipped: Postgres, and memory for embedded use; one contract test holds both.
/// Throws <see cref="StoreUnavailableException"/> when the store cannot be reached.
/// </summary>
public interface IRetentionStore
{
    /// <summary>
    /// One batch, in one transaction, one at a time over all nodes. Of ended jobs past their retention the input, the result and every text that a person gave go, as erasure
    /// does it; the row with states and times, its events and the usage ledger stay. Expired idempotency keys and webhook deliveries go.
    /// At most <see cref="PurgeLimits.Most"/> of each; null: another node is at it.
    /// </summary>
    Task<PurgeReport?> PurgeAsync(PurgeLimits limits, CancellationToken cancellationToken);
}

/// <summary>How much one batch may do.</summary>
public sealed record PurgeLimits
{
    /// <summary>Rows of each kind.</summary>
    public int Most { get; init; } = 1000;

    /// <summary>How long an ended job's row and events outlive its input and result; null: for good.</summary>
    public TimeSpan? Facts { get; init; }

    /// <summary>How long runs of schedules are listed after their end.</summary>
    public TimeSpan Runs { get; init; } = TimeSpan.FromDays(90);
}

/// <summary>What went.</summary>
/// <param name="Jobs">Whose input and result went.</param>
/// <param name="Facts">Whose row and events went too.</param>
/// <param name="Keys">Idempotency keys.</param>
/// <param name="Deliveries">Webhook deliveries.</param>
/// <param name="Lines">Of submissions, as they were sent; the submissions that were forgotten, where those are more.</param>
/// <param name="Runs">Of schedules.</param>
public sealed record PurgeReport(int Jobs, int Facts, int Keys, int Deliveries, int Lines, int Runs)
{
    public static readonly PurgeReport None = new(0, 0, 0, 0, 0, 0);

    /// <summary>Whether some kind used up its limit, so that more may be left.</summary>
    public bool Reached(int most) => Jobs >= most || Facts >= most || Keys >= most || Deliveries >= most || Lines >= most || Runs >= most;

    public PurgeReport And(PurgeReport other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new PurgeReport(Jobs + other.Jobs, Facts + other.Facts, Keys + other.Keys, Deliveries + other.Deliveries, Lines + other.Lines, Runs + other.Runs);
    }
}
