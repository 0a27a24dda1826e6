using Sluice.Engine.Quantization;

namespace Sluice.Engine.Backends;

/// <summary>Pages [<see cref="From"/>, <see cref="To"/>) that several tiles attend to together.</summary>
internal struct PrefixNode
{
    /// <summary>Index of the first member.</summary>
    public int First;

    /// <summary>Members: tiles.</summary>
    public int Count;

    public int From;
    public int To;

    /// <summary>The node whose folds this one continues; -1 for none, where it begins at page 0.</summary>
    public int Parent;

    /// <summary>Nodes above it.</summary>
    public int Level;

    /// <summary>Queries of all members per KV head.</summary>
    public int Queries;

    /// <summary>Parts that the members are cut into.</summary>
    public int Chunks;

    /// <summary>Parts that the pages are cut into: one, or one for each stretch.</summary>
    public int Pieces;

    /// <summary>Folds per query that are ready afterwards: all stretches so far as one and the last, or every stretch.</summary>
    public int Folds;
}

/// <summary>What a model and a machine are like, as far as grouping depends on them.</summary>
/// <param name="KvHeads">Heads of keys and values.</param>
/// <param name="HeadsEach">Query heads that read the same KV head.</param>
/// <param name="ValueStride">Floats of a fold's output.</param>
/// <param name="PageBytes">Of one page of one layer and KV head.</param>
/// <param name="Workers">Threads that share an operation.</param>
internal readonly record struct PrefixShape(int KvHeads, int HeadsEach, int ValueStride, int PageBytes, int Workers)
{
    public static PrefixShape Of(int heads, int kvHeads, int headDim, KvFormat kv, int workers) =>
        new(kvHeads, heads / kvHeads, KvPages.ValueStrideOf(headDim), (int)KvPages.BytesPerPage(1, 1, headDim, kv), workers);
}
