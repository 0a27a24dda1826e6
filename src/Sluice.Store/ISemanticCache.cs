namespace Sluice.Store;

/// <summary>
/// The answers that may serve jobs which mean the same. Entries are written by <see cref="IJobStore.FinishAsync"/>, for jobs of cache mode semantic only.
/// Two are shipped: Postgres, and memory for embedded use; one contract test holds both. Members throw <see cref="StoreUnavailableException"/> when the store cannot be reached.
/// </summary>
public interface ISemanticCache
{
    /// <summary>
    /// For each probe the entries of its very scope (tenant and namespace), fingerprint, embedder and guard that have not expired and are similar enough:
    /// the most similar first, of equally similar ones the newest, at most <paramref name="most"/>. Answers are in the order of <paramref name="probes"/>.
    /// One round trip whatever their number.
    /// </summary>
    Task<IReadOnlyList<IReadOnlyList<SemanticMatch>>> FindAsync(IReadOnlyList<SemanticProbe> probes, int most, CancellationToken cancellationToken);

    /// <summary>Evicts an entry: it answers nobody any more, in either tier. False: this tenant has no such entry.</summary>
    Task<bool> RejectAsync(string tenant, Guid entry, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes expired entries, and gives each (scope, fingerprint) that has outgrown an exact scan an index of its own. Returns how many entries went.
    /// </summary>
    Task<int> TendAsync(CancellationToken cancellationToken);
}

/// <summary>What a job asks of the semantic cache.</summary>
public sealed record SemanticProbe
{
    public required string Tenant { get; init; }
    public required string Namespace { get; init; }

    /// <summary>As in <see cref="NewJob.Fingerprint"/>.</summary>
    public required byte[] Fingerprint { get; init; }

    public required string EmbedderId { get; init; }

    /// <summary>L2-normalised; only entries of the same dimension are compared.</summary>
    public required float[] Embedding { get; init; }

    /// <summary>As in <see cref="NewJob.Guard"/>.</summary>
    public required byte[] Guard { get; init; }

    /// <summary>Inclusive; the inner product of the two embeddings.</summary>
    public required double MinSimilarity { get; init; }
}
