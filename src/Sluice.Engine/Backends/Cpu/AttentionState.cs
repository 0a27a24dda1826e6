namespace Sluice.Engine.Backends.Cpu;

/// <summary>The fold of one query over pages, in scratch memory, with the query itself behind it.</summary>
internal readonly unsafe struct AttentionState(float* at)
{
    private const int Heading = PrefixGroups.FoldHeading;

    /// <summary>What scores are taken relative to: never more than a fixed slack below the largest so far; -∞ before the first page.</summary>
    public float* Level => at;

    /// <summary>(16) per slot of a page, sum of exp(score - level).</summary>
    public float* Sums => at + 16;

    /// <summary>(value stride) sum of exp(score - level) x value.</summary>
    public float* Output => at + Heading;

    public bool IsEmpty => float.IsNegativeInfinity(*at);

    /// <summary>(head_dim) the query over sqrt(head_dim).</summary>
    public float* Query(int valueStride) => at + Heading + valueStride;

    /// <summary>Floats from state to state, for folds and queries.</summary>
    public static int Stride(int valueStride) => Heading + (2 * valueStride);

    /// <summary>Floats of a fold without its query.</summary>
    public static int FoldFloats(int valueStride) => Heading + valueStride;

    public void Clear(int valueStride)
    {
        new Span<float>(at, FoldFloats(valueStride)).Clear();
        *Level = float.NegativeInfinity;
    }

    public void CopyFoldFrom(AttentionState other, int valueStride) =>
        new ReadOnlySpan<float>(other.Level, FoldFloats(valueStride)).CopyTo(new Span<float>(at, FoldFloats(valueStride)));
}

/// <summary>One page of one layer and KV head.</summary>
/// <param name="keys">(head_dim, 16)</param>
/// <param name="values">(16, value stride)</param>
/// <param name="halves">Both are bfloat16, not float32.</param>
/// <param name="headDim">Of the model.</param>
/// <param name="valueStride">Elements from slot to slot of the values.</param>
/// <param name="ahead">Bytes to the page that is brought into the cache meanwhile, line by line; 0 for none.</param>
internal readonly unsafe struct AttentionPage(void* keys, void* values, bool halves, int headDim, int valueStride, nint ahead = 0)
{
    public void* Keys { get; } = keys;
    public void* Values { get; } = values;
    public bool Halves { get; } = halves;
    public int HeadDim { get; } = headDim;
    public int ValueStride { get; } = valueStride;
    public nint Ahead { get; } = ahead;

    public AttentionPage WithoutAhead() => new(Keys, Values, Halves, HeadDim, ValueStride);
}
