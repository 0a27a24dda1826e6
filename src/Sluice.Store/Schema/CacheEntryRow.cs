namespace Sluice.Store.Schema;

/// <summary>An answer that may serve others of its scope. Row-level security shows one tenant's rows only, never all.</summary>
internal sealed class CacheEntryRow
{
    public Guid Id { get; set; }
    public required string Tenant { get; set; }
    public required string Namespace { get; set; }
    public required byte[] ExactKey { get; set; }
    public byte[]? Fingerprint { get; set; }
    public required string Model { get; set; }
    public required string ModelRevision { get; set; }
    public string? Adapter { get; set; }
    public Guid SourceJob { get; set; }
    public required string Outputs { get; set; }
    public int PromptTokens { get; set; }
    public int CachedTokens { get; set; }
    public int GeneratedTokens { get; set; }
    public int DraftedTokens { get; set; }
    public int AcceptedTokens { get; set; }

    /// <summary>Of any dimension; <see cref="Dim"/> says which.</summary>
    public float[]? Embedding { get; set; }
    public int? Dim { get; set; }
    public string? EmbedderId { get; set; }

    /// <summary>What another text must have in common with the source's, compared for equality; null, as the embedding is, where the entry serves the exact tier only.</summary>
    public byte[]? Guard { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
}
