using System.Runtime.Intrinsics.X86;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>The fold of one query over the pages so far, in scratch memory where the states of neighbouring queries follow one another.</summary>
internal readonly unsafe struct AttentionState(float* at, int stride)
{
    /// <summary>Floats in front of the outputs.</summary>
    public const int Heading = 16;

    /// <summary>Largest score.</summary>
    public float* Max => at;

    /// <summary>Sum of exp(score - max).</summary>
    public float* Sum => at + 1;

    /// <summary>(value stride) sum of exp(score - max) x value.</summary>
    public float* Output => at + Heading;

    public AttentionState At(int query) => new(at + (query * stride), stride);

    /// <summary>Adds a page's sum: l = l x before + sum x now.</summary>
    public void Fold(float sum, float before, float now) => *Sum = MathF.FusedMultiplyAdd(*Sum, before, sum * now);

    public void Clear()
    {
        *Max = float.NegativeInfinity;
        *Sum = 0;
        new Span<float>(Output, stride - Heading).Clear();
    }
}

/// <summary>One page of one layer and KV head.</summary>
internal readonly unsafe struct AttentionPage(float* keys, float* values, int headDim, int valueStride, float scale)
{
    public float* Keys { get; } = keys; // (head_dim, 16)
    public float* Values { get; } = values; // (16, value stride)
    public int HeadDim { get; } = headDim;
    public int ValueStride { get; } = valueStride;

    /// <summary>1 / sqrt(head_dim)</summary>
    public float Scale { get; } = scale;

    /// <summary>Asks for the page to be brought into the second-level cache.</summary>
    public void Prefetch()
    {
        if (!Sse.IsSupported)
            return;
        for (int i = 0; i < HeadDim * StepPlan.PageTokens; i += 16)
            Sse.Prefetch1(Keys + i);
        for (int i = 0; i < ValueStride * StepPlan.PageTokens; i += 16)
            Sse.Prefetch1(Values + i);
    }
}
