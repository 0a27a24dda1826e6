namespace Sluice.Engine;

/// <summary>
/// Runs sequences of tokens on one model. Two are shipped: <c>ModelEngine</c> (our own) and <c>StubEngine</c> (for benches and faults).
/// Sequences handed over together, and those handed over while others run, share steps (continuous batching).
/// All members may be called from any thread.
/// </summary>
public interface IEngine : IAsyncDisposable
{
    /// <summary>What is loaded and what it can hold; constant for the engine's life.</summary>
    EngineInfo Info { get; }

    /// <summary>A snapshot of what is free and what has been done; cheap, never blocks the step.</summary>
    EngineLoad Load { get; }

    /// <summary>
    /// Runs one sequence to its end. Calls made before the next step starts join that step.
    /// Throws <see cref="ArgumentException"/> for a request that this model can never run (longer than its context, empty, ids out of range) and
    /// <see cref="OperationCanceledException"/> when cancelled, after its pages are free. Any other exception is a fault of the engine: the sequence has no result.
    /// </summary>
    Task<EngineResult> RunAsync(EngineRequest request, CancellationToken cancellationToken);
}

/// <summary>A loaded model.</summary>
/// <param name="Model">Name that the caller gave it.</param>
/// <param name="Revision">Hex SHA-256 (first 16 digits) over config, tokenizer and weights: two engines of one revision give the same answers, to the last bit where the backend is the same too.</param>
/// <param name="Backend">Which backend, instruction set and assembled kernels run it, <c>cpu/avx512+assembled-int8</c>.</param>
/// <param name="ContextLength">Most tokens, prompt and generated, that one sequence may hold.</param>
/// <param name="HiddenSize">Length of an embedding.</param>
/// <param name="MaxSequences">Most sequences in one step.</param>
/// <param name="MaxStepTokens">Most tokens in one step.</param>
/// <param name="PageTokens">Tokens per KV page (16).</param>
/// <param name="TotalPages">KV pages within the byte budget.</param>
public sealed record EngineInfo(
    string Model, string Revision, string Backend, int ContextLength, int HiddenSize,
    int MaxSequences, int MaxStepTokens, int PageTokens, int TotalPages)
{
    /// <summary>Sequences of class 0 take the places and pages of higher classes, which are computed again later.</summary>
    public bool YieldsToInteractive { get; init; }
}

/// <summary>What an engine holds now, and counters since its start.</summary>
/// <param name="Running">Sequences with KV pages.</param>
/// <param name="Waiting">Sequences handed over and not yet started.</param>
/// <param name="FreePages">KV pages that a new sequence could have, reclaimable ones included.</param>
/// <param name="Steps">Steps since the start.</param>
/// <param name="PromptTokens">Prompt tokens of the sequences that were started.</param>
/// <param name="ComputedTokens">Prompt tokens that were really computed; the rest came from shared pages.</param>
/// <param name="GeneratedTokens">Tokens sampled.</param>
/// <param name="Preemptions">Sequences that gave their pages back and were computed again.</param>
public readonly record struct EngineLoad(
    int Running, int Waiting, int FreePages, long Steps, long PromptTokens, long ComputedTokens, long GeneratedTokens, long Preemptions)
{
    /// <summary>Guessed tokens that were rows of steps.</summary>
    public long DraftedTokens { get; init; }

    /// <summary>Those that stood.</summary>
    public long AcceptedTokens { get; init; }

    /// <summary>KV pages that running sequences would hold besides if they shared none.</summary>
    public int SharedPages { get; init; }

    /// <summary>Tokens of prompts, and of sequences that gave way, that steps after the one that runs have to compute.</summary>
    public int PrefillLeft { get; init; }

    /// <summary>As <see cref="PrefillLeft"/>, of class 0.</summary>
    public int InteractivePrefillLeft { get; init; }
}
