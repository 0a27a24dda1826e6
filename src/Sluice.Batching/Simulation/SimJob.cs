using Sluice.Jobs;

namespace Sluice.Batching.Simulation;

/// <summary>A job of a simulated workload, and what becomes of it. Times are seconds since the trace's start.</summary>
internal sealed class SimJob
{
    public required int Index { get; init; }
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

    /// <summary>The same job at another place of a workload.</summary>
    public SimJob At(int index) => Copy(index, Arrival, Deadline);

    /// <summary>The same job, there from the beginning and without hurry.</summary>
    public SimJob Undated() => Copy(Index, 0, double.MaxValue);

    private SimJob Copy(int index, double arrival, double deadline) => new()
    {
        Index = index,
        Arrival = arrival,
        Deadline = deadline,
        Class = Class,
        Tenant = Tenant,
        Prompt = Prompt,
        Output = Output,
        Max = Max,
        Blocks = Blocks,
        Chain = Chain,
    };
}
