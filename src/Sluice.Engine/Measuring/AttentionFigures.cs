using Sluice.Engine.Quantization;

namespace Sluice.Engine.Measuring;

/// <summary>How <see cref="AttentionBench"/> runs.</summary>
public sealed record AttentionBenchOptions
{
    public int Threads { get; init; } = Environment.ProcessorCount;

    public KvFormat Kv { get; init; }

    /// <summary>Time by the processor rather than by the wall: on a busy machine, with one thread.</summary>
    public bool ProcessorTime { get; init; }

    /// <summary>Interleaved rounds of each measurement, peaks before each.</summary>
    public int Repeats { get; init; } = 7;

    /// <summary>Sequences of a group.</summary>
    public IReadOnlyList<int> Members { get; init; } = [2, 4, 8, 16, 32, 64];

    /// <summary>Tokens of the common prefix, multiples of 16.</summary>
    public IReadOnlyList<int> Prefixes { get; init; } = [256, 512, 1024, 2048, 4096];
}

/// <summary>What <see cref="AttentionBench"/> measured: medians over the repeats.</summary>
public sealed record AttentionFigures
{
    public required string Path { get; init; }

    /// <summary>What keys and values are kept as.</summary>
    public required string Kv { get; init; }

    public required int Threads { get; init; }
    public required int Repeats { get; init; }
    public required int Heads { get; init; }
    public required int KvHeads { get; init; }
    public required int HeadDim { get; init; }

    /// <summary>Tokens of each sequence behind the prefix.</summary>
    public required int TailTokens { get; init; }

    /// <summary>Of the instructions that attention takes.</summary>
    public required double PeakGflops { get; init; }

    public required double ReadGbs { get; init; }
    public required IReadOnlyList<AttentionGain> Gains { get; init; }
}

/// <summary>One group size and prefix length.</summary>
/// <param name="Members">Sequences, each decoding one token.</param>
/// <param name="Prefix">Tokens that they have in common.</param>
/// <param name="CopiesUs">Microseconds a layer where each has a copy of the prefix.</param>
/// <param name="ApartUs">Where they share its pages, and each goes over them by itself.</param>
/// <param name="TogetherUs">Where they go over them together.</param>
/// <param name="Gain">Copies over together.</param>
/// <param name="GainRange">Lowest and highest.</param>
/// <param name="PredictedGain">The same of the shortest times that bytes and operations allow.</param>
/// <param name="BytesGain">The same of bytes alone.</param>
/// <param name="GainOverApart">Apart over together.</param>
/// <param name="ShareOfLimit">The shortest time over that measured together.</param>
public sealed record AttentionGain(
    int Members, int Prefix, double CopiesUs, double ApartUs, double TogetherUs, double Gain, double[] GainRange, double PredictedGain, double BytesGain,
    double GainOverApart, double ShareOfLimit);
