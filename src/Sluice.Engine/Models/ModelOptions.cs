using Sluice.Engine.Backends;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Quantization;

namespace Sluice.Engine.Models;

/// <summary>What a model is loaded with.</summary>
public sealed record ModelOptions
{
    /// <summary><c>reference</c>, <c>cpu</c>, or null for the environment's <c>SLUICE_BACKEND</c> and else the best that runs here. The environment wins over this.</summary>
    public string? Backend { get; init; }

    /// <summary>What linear weights are kept as.</summary>
    public WeightFormat Weights { get; init; }

    /// <summary>What keys and values are kept as.</summary>
    public KvFormat Kv { get; init; }

    /// <summary>
    /// Use kernels assembled at start where the processor has instructions that .NET has not (bfloat16 and int8 products on 512 bits) and the host lets memory
    /// be made executable, and they are faster than what .NET has. Activations are rounded to bfloat16 where such a kernel meets bfloat16 weights.
    /// <c>SLUICE_ASSEMBLED</c> wins over this.
    /// </summary>
    public bool Assembled { get; init; } = true;

    /// <summary>Bytes for KV pages.</summary>
    public long KvBytes { get; init; } = 256L << 20;

    /// <summary>Most rows (tokens) in one step.</summary>
    public int MaxStepTokens { get; init; } = 512;

    /// <summary>Most segments in one step.</summary>
    public int MaxSequences { get; init; } = 64;

    /// <summary>Most rows of one step whose logits are wanted: sampled tokens, and one per token of a scored choice.</summary>
    public int MaxOutputs { get; init; } = 128;

    /// <summary>Threads that share a step, the caller's included.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Bytes that weights, KV pages and arena may take together; null for what the process may use.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>With <see cref="Assembled"/>: those kernels too that this processor is slower with.</summary>
    internal bool AssembledEvenSlow { get; init; }

    /// <summary>Where assembled kernels come from; null for those of the process.</summary>
    internal AssembledKernels? Kernels { get; init; }

    /// <summary>Sequences attend to the pages that they have in common together; results are the same without.</summary>
    internal bool GroupPrefixes { get; init; } = true;

    /// <summary>Puts something around the backend; null for nothing.</summary>
    internal Func<IBackend, IBackend>? Around { get; init; }

    /// <exception cref="ArgumentException">An option out of range, by name.</exception>
    internal void Check()
    {
        InRange(MaxStepTokens, 1, 1 << 20, nameof(MaxStepTokens));
        InRange(MaxSequences, 1, 1 << 16, nameof(MaxSequences));
        InRange(MaxOutputs, 1, 1 << 20, nameof(MaxOutputs));
        InRange(Threads, 1, 1024, nameof(Threads));
    }

    private static void InRange(int value, int low, int high, string name)
    {
        if (value < low || value > high)
            throw new ArgumentException($"{name}: expected {low} to {high}, found {value}");
    }
}
