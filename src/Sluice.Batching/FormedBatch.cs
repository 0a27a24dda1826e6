namespace Sluice.Batching;

/// <summary>Why a batch was closed when it was.</summary>
public enum CloseReason
{
    /// <summary>Sequences, pages or step tokens are used up, or a waiting job that the room could take does not fit beside these.</summary>
    Full,

    /// <summary>The latest safe start of one of its jobs is near.</summary>
    DeadlineNear,

    /// <summary>One of its jobs has waited for company as long as the options say.</summary>
    LingerOver,

    /// <summary>The engine has too little to do for waiting to pay.</summary>
    EngineIdle,
}

/// <summary>Jobs to hand over together, most urgent first. They no longer wait: the caller runs them or adds them again.</summary>
/// <param name="Id">New for every batch (UUIDv7).</param>
/// <param name="Jobs">One or more.</param>
/// <param name="Reason">Why now.</param>
/// <param name="PromptTokens">Prompt tokens of all jobs.</param>
/// <param name="StepTokens">What they ask of the coming step: prompts, each counted up to half a step because longer ones are cut.</param>
/// <param name="Pages">KV pages that they can come to hold.</param>
/// <param name="Suspects">True where every job is a suspect; nothing else may run beside them.</param>
/// <param name="FormedAt">The former's time.</param>
public sealed record FormedBatch(
    Guid Id, IReadOnlyList<WaitingJob> Jobs, CloseReason Reason, int PromptTokens, int StepTokens, int Pages, bool Suspects, DateTimeOffset FormedAt)
{
    /// <summary>Of <see cref="StepTokens"/>, those of interactive jobs.</summary>
    public int InteractiveStepTokens { get; init; }
}
