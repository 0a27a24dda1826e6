using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>The shape of a model that is written with random weights.</summary>
public sealed record ModelShape
{
    /// <summary>Hidden 576, 30 layers, vocabulary 49,152: the shape of common 135M models.</summary>
    public static readonly ModelShape Of135M = new()
    {
        HiddenSize = 576,
        Layers = 30,
        Heads = 9,
        KvHeads = 3,
        HeadDim = 64,
        Intermediate = 1536,
        Vocabulary = 49_152,
        ContextLength = 8192,
    };

    /// <summary>Hidden 2048, 16 layers, vocabulary 128,256: the shape of common 1B models.</summary>
    public static readonly ModelShape Of1B = new()
    {
        HiddenSize = 2048,
        Layers = 16,
        Heads = 32,
        KvHeads = 8,
        HeadDim = 64,
        Intermediate = 8192,
        Vocabulary = 128_256,
        ContextLength = 8192,
        RopeTheta = 500_000,
        RopeScaling = new RopeScaling(RopeScalingKind.Llama3, 32, 1, 4, 8192),
    };

    /// <summary>Hidden 288, 6 layers, vocabulary 32,000: a story model of 15 million parameters.</summary>
    public static readonly ModelShape Of15M = new()
    {
        HiddenSize = 288,
        Layers = 6,
        Heads = 6,
        KvHeads = 6,
        HeadDim = 48,
        Intermediate = 768,
        Vocabulary = 32_000,
        ContextLength = 2048,
    };

    /// <summary>Hidden 4096, 32 layers, vocabulary 128,256, a head of its own: the shape of common 8B models.</summary>
    public static readonly ModelShape Of8B = new()
    {
        HiddenSize = 4096,
        Layers = 32,
        Heads = 32,
        KvHeads = 8,
        HeadDim = 128,
        Intermediate = 14_336,
        Vocabulary = 128_256,
        ContextLength = 8192,
        Tied = false,
        RopeTheta = 500_000,
        RopeScaling = new RopeScaling(RopeScalingKind.Llama3, 8, 1, 4, 8192),
        Shards = 4,
    };

    /// <summary>By the names that the command line has for them.</summary>
    public static readonly IReadOnlyDictionary<string, ModelShape> ByName = new Dictionary<string, ModelShape>
    {
        ["smol135m"] = Of135M,
        ["tiny15m"] = Of15M,
        ["llama1b"] = Of1B,
        ["llama8b"] = Of8B,
    };

    public required int HiddenSize { get; init; }
    public required int Layers { get; init; }
    public required int Heads { get; init; }
    public required int KvHeads { get; init; }
    public required int HeadDim { get; init; }
    public required int Intermediate { get; init; }
    public required int Vocabulary { get; init; }
    public required int ContextLength { get; init; }
    public bool Tied { get; init; } = true;
    public double RopeTheta { get; init; } = 10_000;
    public RopeScaling RopeScaling { get; init; } = RopeScaling.None;
    public DataType DataType { get; init; } = DataType.BFloat16;

    /// <summary>Weights, a tied table counted once.</summary>
    public long Parameters => ((Tied ? 1L : 2L) * Vocabulary * HiddenSize) + HiddenSize
        + (Layers * ((2L * HiddenSize) + (2L * HiddenSize * HeadDim * (Heads + KvHeads)) + (3L * HiddenSize * Intermediate)));

    /// <summary>1 writes model.safetensors, more write an index and that many files.</summary>
    public int Shards { get; init; } = 1;
}
