using Sluice.Jobs;

namespace Sluice.Batching;

/// <summary>A job that could run: what a former needs to know of it, and nothing of its text.</summary>
public sealed record WaitingJob
{
    public required JobId Id { get; init; }

    public required string Tenant { get; init; }

    /// <summary>Owner of cached prefixes: jobs share pages only where this and <see cref="PrefixKey"/> are equal.</summary>
    public long Scope { get; init; }

    public required JobClass Class { get; init; }

    /// <summary>Finish by; null for whenever.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>What becomes of it once its deadline cannot be met: <see cref="OnLate.Run"/> runs late, the others expire.</summary>
    public OnLate OnLate { get; init; }

    /// <summary>Tokens to prefill, cached ones included.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Most tokens to generate (for choices: the tokens of all of them).</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>Hash of the prompt's first page-aligned tokens; equal keys are kept together where deadlines are equal.</summary>
    public long PrefixKey { get; init; }

    /// <summary>
    /// Chained hashes of the prompt's leading pages, at most 64: equal leading hashes are a shared prefix. Empty where nothing is known; then only
    /// <see cref="PrefixKey"/> says who belongs together.
    /// </summary>
    public ReadOnlyMemory<long> Chain { get; init; }

    /// <summary>Tokens that each of <see cref="Chain"/> stands for.</summary>
    public int ChainTokens { get; init; } = 16;

    /// <summary>Jobs of one workload class generate answers of a kind: their lengths are predicted together.</summary>
    public long Workload { get; init; }

    /// <summary>Tokens that nine of ten jobs like it stay under; at most <see cref="MaxNewTokens"/>, which it is until something is known. Set by the former.</summary>
    public int? LikelyNewTokens { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Crashed batches that this job was in; above 0 it runs apart from the unsuspected.</summary>
    public int Suspicions { get; init; }

    /// <summary>KV pages that the job is likely to come to hold: prompt and <see cref="LikelyNewTokens"/>.</summary>
    public int Pages(int pageTokens) => (int)(((long)PromptTokens + (LikelyNewTokens ?? MaxNewTokens) + pageTokens - 1) / pageTokens);
}
