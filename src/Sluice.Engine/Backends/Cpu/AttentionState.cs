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
/// <param name="headDim">Of the model.</param>
/// <param name="valueStride">Floats from slot to slot of the values.</param>
/// <param name="keysAhead">Floats from these keys to those to be brought into the cache meanwhile, line by line; 0 for none.</param>
/// <param name="valuesAhead">The same of values.</param>
internal readonly unsafe struct AttentionPage(float* keys, float* values, int headDim, int valueStride, nint keysAhead = 0, nint valuesAhead = 0)
{
    public float* Keys { get; } = keys;
    public float* Values { get; } = values;
    public int HeadDim { get; } = headDim;
    public int ValueStride { get; } = valueStride;
    public nint KeysAhead { get; } = keysAhead;
    public nint ValuesAhead { get; } = valuesAhead;

    /// <summary>The page for one block of queries: the first brings what comes next of the keys, the second, or the only one, of the values.</summary>
    public AttentionPage ForBlock(int block, bool last) =>
        new(Keys, Values, HeadDim, ValueStride, block == 0 ? KeysAhead : 0, block == 1 || (block == 0 && last) ? ValuesAhead : 0);
}
