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

    /// <summary>
    /// As in a service: who decides is asked before every step, and hears of a job's end, and of its room, only when the next step has begun, because the engine waits for
    /// nobody between steps. Otherwise it hears at once, and is not asked while prompts fill the steps.
    /// </summary>
    public bool LikeService { get; init; }

    public SimCosts Costs { get; init; } = SimCosts.Default;
}
