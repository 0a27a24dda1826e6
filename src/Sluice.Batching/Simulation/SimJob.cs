using Sluice.Jobs;

namespace Sluice.Batching.Simulation;

/// <summary>A job of a simulated workload, and what becomes of it. Times are seconds since the trace's start.</summary>
internal sealed class SimJob
{
    public required int Index { get; init; }
    public required JobId Id { get; init; }
    public required double Arrival { get; init; }
    public required double Deadline { get; init; }
    public required JobClass Class { get; init; }
    public required string Tenant { get; init; }
    public required int Prompt { get; init; }

    /// <summary>Tokens that it will generate; only the engine and the clairvoyant look.</summary>
    public required int Output { get; init; }

    /// <summary>Most tokens that it may generate, as a client says.</summary>
    public required int Max { get; init; }

    /// <summary>Ids of leading blocks of <see cref="TraceFile.BlockTokens"/> tokens.</summary>
    public required int[] Blocks { get; init; }

    /// <summary>Chained hashes of its prefix, for a former.</summary>
    public long[] Chain { get; init; } = [];

    public int Tokens => Prompt + Output;
}
