namespace Sluice.Batching.Simulation;

/// <summary>What a simulated engine can hold.</summary>
internal sealed record SimLimits
{
    public const int PageTokens = 16;

    public int Sequences { get; init; } = 256;

    public int StepTokens { get; init; } = 1024;

    /// <summary>KV pages of 16 tokens.</summary>
    public int Pages { get; init; } = 200_000 / PageTokens;

    /// <summary>Tokens of a block of a job's prefix, a whole number of pages.</summary>
    public int BlockTokens { get; init; } = TraceFile.BlockTokens;

    public int BlockPages => BlockTokens / PageTokens;

    public SimCosts Costs { get; init; } = SimCosts.Default;
}
