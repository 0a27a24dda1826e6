using Sluice.Jobs;

namespace Sluice.Store.Schema;

/// <summary>A tenant and its bounds.</summary>
internal sealed class TenantRow
{
    public required string Name { get; set; }
    public int? MaxQueued { get; set; }
    public long? MaxQueuedTokens { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>An API key; its secret as SHA-256.</summary>
internal sealed class ApiKeyRow
{
    public required string Id { get; set; }
    public required byte[] Hash { get; set; }
    public required string Tenant { get; set; }
    public KeyScopes Scopes { get; set; }
    public string? Name { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }
}

/// <summary>The ledger: one row per succeeded job, equal to its result's usage.</summary>
internal sealed class UsageRow
{
    public Guid Job { get; set; }
    public required string Tenant { get; set; }
    public DateTimeOffset At { get; set; }
    public required string Model { get; set; }
    public JobKind Kind { get; set; }
    public AnswerSource Source { get; set; }
    public int PromptTokens { get; set; }
    public int CachedTokens { get; set; }
    public int GeneratedTokens { get; set; }
    public int DraftedTokens { get; set; }
    public int AcceptedTokens { get; set; }
}
