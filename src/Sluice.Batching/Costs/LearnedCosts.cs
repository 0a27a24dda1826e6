namespace Sluice.Batching.Costs;

/// <summary>All that a <see cref="CostEstimate"/> has learned of a model on a backend: kept by the caller, given to the next process.</summary>
public sealed record LearnedCosts
{
    public required CostCoefficients Steps { get; init; }

    /// <summary>Finished jobs learned from.</summary>
    public required long Jobs { get; init; }

    /// <summary>Mean relative error of recent predictions of a job's time; 1 before the first.</summary>
    public required double Error { get; init; }

    /// <summary>Seconds per prompt token, from whole jobs.</summary>
    public required double PerPromptToken { get; init; }

    /// <summary>Seconds per new token, from whole jobs.</summary>
    public required double PerNewToken { get; init; }

    /// <summary>Seconds of a step that decodes, of late; 0 before the first.</summary>
    public double Pace { get; init; }

    /// <summary>The same, of the last thousand steps or so.</summary>
    public double LongPace { get; init; }

    /// <summary>Rows of a step that decodes, of late.</summary>
    public double DecodeRows { get; init; } = 1;

    /// <summary>Most rows of a step.</summary>
    public int MostRows { get; init; } = 1;

    /// <summary>Sequences that the engine holds at most.</summary>
    public double Sequences { get; init; } = 64;

    /// <summary>Positions that the engine's KV pages hold.</summary>
    public double KvTokens { get; init; } = 1e5;

    /// <summary>How often a step is not filled for want of sequences or pages; 0 to 1.</summary>
    public double RoomShort { get; init; } = 0.5;

    /// <summary>Seconds of engine work that a second of the full engine gets done.</summary>
    public double Efficiency { get; init; } = 1;

    /// <summary>New tokens of a job as a share of those it might have had; 0 to 1.</summary>
    public double AnswerShare { get; init; } = 1;

    /// <summary>How long answers are, for the workload classes of which most is known.</summary>
    public IReadOnlyList<LearnedLengths> Lengths { get; init; } = [];
}

/// <summary>How long the answers of a workload class are.</summary>
/// <param name="Workload">As <see cref="WaitingJob.Workload"/>.</param>
/// <param name="Jobs">Finished jobs learned from.</param>
/// <param name="Tokens">Lengths at even shares of the jobs, ascending.</param>
public sealed record LearnedLengths(long Workload, long Jobs, IReadOnlyList<int> Tokens);
