namespace Sluice.Batching;

/// <summary>What an engine can take now. The caller keeps the ledger: jobs handed over count as running until their end.</summary>
public readonly record struct EngineRoom
{
    /// <summary>Most sequences at once.</summary>
    public required int MaxSequences { get; init; }

    /// <summary>Most tokens in one step.</summary>
    public required int MaxStepTokens { get; init; }

    /// <summary>KV pages in all.</summary>
    public required int TotalPages { get; init; }

    /// <summary>Sequences handed over and not ended.</summary>
    public required int Running { get; init; }

    /// <summary>Of <see cref="Running"/>, those that came in a batch of suspects.</summary>
    public int RunningSuspects { get; init; }

    public required int FreeSequences { get; init; }

    /// <summary>Pages promised to nobody: <see cref="TotalPages"/> less <see cref="WaitingJob.Pages"/> of what runs.</summary>
    public required int FreePages { get; init; }

    /// <summary>Tokens of the coming step that nobody takes: <see cref="MaxStepTokens"/> less one per decoding sequence and less prefill still to do; 0 or more.</summary>
    public required int FreeStepTokens { get; init; }

    /// <summary>As <see cref="FreeSequences"/> for interactive jobs: those whose room the engine would take back for them count as free. Null where it takes none.</summary>
    public int? InteractiveSequences { get; init; }

    /// <summary>As <see cref="FreePages"/>, for interactive jobs.</summary>
    public int? InteractivePages { get; init; }

    /// <summary>As <see cref="FreeStepTokens"/>, for interactive jobs.</summary>
    public int? InteractiveStepTokens { get; init; }

    /// <summary>Tokens per page.</summary>
    public int PageTokens { get; init; } = 16;

    public EngineRoom()
    {
    }

    /// <summary>The room of an engine that runs nothing.</summary>
    public static EngineRoom Empty(int maxSequences, int maxStepTokens, int totalPages) => new()
    {
        MaxSequences = maxSequences,
        MaxStepTokens = maxStepTokens,
        TotalPages = totalPages,
        Running = 0,
        FreeSequences = maxSequences,
        FreePages = totalPages,
        FreeStepTokens = maxStepTokens,
    };
}
