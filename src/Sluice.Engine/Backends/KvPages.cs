using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends;

/// <summary>
/// Keys and values of all layers in pages of 16 tokens, float32. A page of one layer and head is keys (head_dim, 16 slots), so that the scores of 16 tokens
/// are one vector, then values (16 slots, value stride). A slot that no token was written to holds anything, not-a-number included.
/// </summary>
internal sealed unsafe class KvPages : IDisposable
{
    private const int Slots = StepPlan.PageTokens;

    private readonly NativeBuffer _buffer;
    private readonly long _block; // floats of one page, one layer, one head

    public KvPages(int layers, int pages, int kvHeads, int headDim)
    {
        Layers = layers;
        Pages = pages;
        KvHeads = kvHeads;
        HeadDim = headDim;
        ValueStride = ValueStrideOf(headDim);
        _block = (long)Slots * (headDim + ValueStride);
        _buffer = new NativeBuffer(BytesPerPage(layers, kvHeads, headDim) * pages, clear: false);
    }

    public int Layers { get; }
    public int Pages { get; }
    public int KvHeads { get; }
    public int HeadDim { get; }

    /// <summary>Floats from slot to slot of the values: head_dim rounded up to 16.</summary>
    public int ValueStride { get; }

    public static long BytesPerPage(int layers, int kvHeads, int headDim) =>
        (long)layers * kvHeads * Slots * (headDim + ValueStrideOf(headDim)) * sizeof(float);

    /// <summary>(head_dim, 16)</summary>
    public float* Keys(int layer, int page, int head) => _buffer.Floats + (((((long)layer * Pages) + page) * KvHeads) + head) * _block;

    /// <summary>(16, value stride)</summary>
    public float* Values(int layer, int page, int head) => Keys(layer, page, head) + ((long)Slots * HeadDim);

    /// <summary>Slots [0, tokens) of a page, in all layers and heads.</summary>
    public void Copy(int from, int to, int tokens)
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            for (int head = 0; head < KvHeads; head++)
            {
                float* source = Keys(layer, from, head);
                float* target = Keys(layer, to, head);
                for (int d = 0; d < HeadDim; d++)
                    new ReadOnlySpan<float>(source + (d * Slots), tokens).CopyTo(new Span<float>(target + (d * Slots), tokens));
                new ReadOnlySpan<float>(Values(layer, from, head), tokens * ValueStride).CopyTo(new Span<float>(Values(layer, to, head), tokens * ValueStride));
            }
        }
    }

    /// <summary>Writes one value everywhere: a test shows with it that empty slots are not read.</summary>
    public void Fill(float value)
    {
        for (long at = 0; at < _buffer.Bytes / sizeof(float); at++)
            _buffer.Floats[at] = value;
    }

    public void Dispose() => _buffer.Dispose();

    private static int ValueStrideOf(int headDim) => (headDim + 15) / 16 * 16;
}
