namespace Sluice.Store;

/// <summary>
/// What work costs, and how fast it goes: kept from one start of a worker to the next, and told to those who have no engine. Nothing here decides about a job.
/// Times are the store's own; throws <see cref="StoreUnavailableException"/> when the store cannot be reached. Postgres and memory, one contract test.
/// </summary>
public interface ICostStore
{
    /// <summary>Keeps what was learned, in place of what was kept before for the same model, revision and backend. <see cref="CostModel.SavedAt"/> is set here.</summary>
    Task SaveAsync(CostModel model, CancellationToken cancellationToken);

    /// <summary>What was kept last; null where nothing was.</summary>
    Task<CostModel?> LoadAsync(string model, string revision, string backend, CancellationToken cancellationToken);

    /// <summary>What a worker says of itself now, in its own words (JSON); forgotten with the worker. Does nothing for one that is dead, and is no sign of life.</summary>
    Task ReportAsync(Guid worker, string load, CancellationToken cancellationToken);

    /// <summary>What living workers say, and the cost models that were saved after a time; all of them for null.</summary>
    Task<CostNews> NewsAsync(DateTimeOffset? after, CancellationToken cancellationToken);
}

/// <summary>What was learned of a model on a backend.</summary>
public sealed record CostModel
{
    public required string Model { get; init; }
    public required string Revision { get; init; }

    /// <summary>Which engine on which machine, <c>cpu/avx512 x16</c>.</summary>
    public required string Backend { get; init; }

    /// <summary>All of it, as JSON; opaque to the store.</summary>
    public required string Learned { get; init; }

    /// <summary>Steps learned from.</summary>
    public long Steps { get; init; }

    /// <summary>Median relative error of the predicted time of a step, over the last 1,000.</summary>
    public double ErrorP50 { get; init; }

    /// <summary>95th percentile of the same.</summary>
    public double ErrorP95 { get; init; }
    public DateTimeOffset SavedAt { get; init; }
}

/// <summary>An answer of <see cref="ICostStore.NewsAsync"/>.</summary>
/// <param name="At">The store's time.</param>
/// <param name="Loads">One for each worker that has reported.</param>
/// <param name="Models">In no order.</param>
public sealed record CostNews(DateTimeOffset At, IReadOnlyList<string> Loads, IReadOnlyList<CostModel> Models);
