namespace Sluice.Engine.Measuring;

/// <summary>What <see cref="EngineBench"/> measured: medians over the repeats, rates per second of wall clock.</summary>
public sealed record EngineFigures
{
    /// <summary>Backend and instruction set.</summary>
    public required string Path { get; init; }

    /// <summary>What weights were kept as.</summary>
    public required string Dtype { get; init; }

    public required int Threads { get; init; }
    public required int Repeats { get; init; }

    /// <summary>Packed weights.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Weights, KV pages and arena, as computed before loading.</summary>
    public required long PlannedBytes { get; init; }

    /// <summary>Most memory of the process, less what it had before loading and what measuring takes.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>10^9 operations per second that products with these weights could reach.</summary>
    public required double PeakGops { get; init; }

    public required double FmaPeakGflops { get; init; }
    public required double ReadGbs { get; init; }

    /// <summary>32 prompts of 128 tokens.</summary>
    public required double PrefillTokS { get; init; }

    /// <summary>By batch size: 32 tokens each after 128.</summary>
    public required IReadOnlyDictionary<string, double> DecodeTokS { get; init; }

    /// <summary>64 prompts of 256 shared and 32 own tokens, one generated.</summary>
    public required double ScoringJobsS { get; init; }

    /// <summary>One prompt of 2,048 tokens, or what the context holds.</summary>
    public required double LongPrefillTokS { get; init; }

    /// <summary>32 tokens after it.</summary>
    public required double LongDecodeTokS { get; init; }

    /// <summary>The machine's shortest time over the measured: prefill, decode_1, decode_8, decode_32, scoring, long_prefill, long_decode.</summary>
    public required IReadOnlyDictionary<string, double> Share { get; init; }

    /// <summary>Lowest and highest of the repeats, by the name of the figure.</summary>
    public required IReadOnlyDictionary<string, double[]> Range { get; init; }

    /// <summary>By kind of step; empty where none was asked for.</summary>
    public IReadOnlyList<StepProfile> Profile { get; init; } = [];
}

/// <summary>Where the time of one kind of step goes.</summary>
/// <param name="Step">prefill, decode_1, decode_8, decode_32.</param>
/// <param name="Rows">Tokens of a step.</param>
/// <param name="Steps">How many were looked at.</param>
/// <param name="MsPerStep">Forward pass, planning and sampling.</param>
public sealed record StepProfile(string Step, int Rows, int Steps, double MsPerStep, IReadOnlyList<OperationProfile> Operations);

/// <summary>One operation of a step.</summary>
/// <param name="Operation">Its tensors' names, or what it does.</param>
/// <param name="Calls">Per step.</param>
/// <param name="MsPerStep">All calls of a step.</param>
/// <param name="PartOfStep">0 to 1.</param>
/// <param name="Gops">10^9 operations per second.</param>
/// <param name="Gbs">10^9 bytes per second.</param>
/// <param name="ShareOfLimit">The shortest time that peaks and bandwidth allow over the measured; above 1 where data come from caches.</param>
/// <param name="OperationsPerStep">Multiplications and additions counted, singly; the rates are of these.</param>
/// <param name="BytesPerStep">Bytes counted: weights once a call, keys and values once a tile or group, activations read and written.</param>
public sealed record OperationProfile(
    string Operation, double Calls, double MsPerStep, double PartOfStep, double Gops, double Gbs, double ShareOfLimit, double OperationsPerStep, double BytesPerStep);
