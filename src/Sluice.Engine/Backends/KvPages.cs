using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends;

/// <summary>
/// Keys and values of all layers in pages of 16 tokens. A page of one layer and head is keys (head_dim, 16 slots), so that the scores of 16 tokens are one
/// vector, then values (16 slots, value stride); as bytes, in front of them the slots' scales, of keys and of values. As bfloat16 two that are multiplied and
/// added one after the other lie side by side: keys (head_dim / 2, 16 slots, 2), values (8 pairs of slots, value stride, 2). A slot that no token was written
/// to holds anything, not-a-number included.
/// </summary>
internal sealed unsafe class KvPages : IDisposable
{
    private const int Slots = StepPlan.PageTokens;
    private const int Scales = 2 * Slots * sizeof(float);

    private readonly NativeBuffer _buffer;
    private readonly long _block; // bytes of one page, one layer, one head

    public KvPages(int layers, int pages, int kvHeads, int headDim, KvFormat format = KvFormat.BFloat16)
    {
        Layers = layers;
        Pages = pages;
        KvHeads = kvHeads;
        HeadDim = headDim;
        Format = format;
        ValueStride = ValueStrideOf(headDim);
        _block = BytesPerPage(1, 1, headDim, format);
        _buffer = new NativeBuffer(BytesPerPage(layers, kvHeads, headDim, format) * pages, clear: false);
    }

    public int Layers { get; }
    public int Pages { get; }
    public int KvHeads { get; }
    public int HeadDim { get; }
    public KvFormat Format { get; }

    /// <summary>Elements from slot to slot of the values: head_dim rounded up to 16.</summary>
    public int ValueStride { get; }

    /// <summary>Floats of a page as <see cref="Read"/> writes it.</summary>
    public int PageFloats => Slots * (HeadDim + ValueStride);

    public static long BytesPerPage(int layers, int kvHeads, int headDim, KvFormat format)
    {
        int elements = Slots * (headDim + ValueStrideOf(headDim));
        int bytes = format == KvFormat.Int8 ? Scales + elements : elements * ElementBytes(format);
        return (long)layers * kvHeads * ((bytes + 63) / 64 * 64);
    }

    public static int ValueStrideOf(int headDim) => (headDim + 15) / 16 * 16;

    /// <summary>float32 pages: (head_dim, 16), then (16, value stride).</summary>
    public float* Floats(int layer, int page, int head) => (float*)Block(layer, page, head);

    /// <summary>bfloat16 pages: (head_dim / 2, 16, 2), then (8, value stride, 2).</summary>
    public ushort* Halves(int layer, int page, int head) => (ushort*)Block(layer, page, head);

    /// <summary>Pages of bytes: (16) scales of keys, then (16) of values.</summary>
    public float* ScalesOf(int layer, int page, int head) => (float*)Block(layer, page, head);

    /// <summary>Pages of bytes: (head_dim, 16), then (16, value stride).</summary>
    public sbyte* Codes(int layer, int page, int head) => (sbyte*)Block(layer, page, head) + Scales;

    /// <summary>Writes one token's key and value of one head, (head_dim) each, rounded to the format.</summary>
    public void Write(int layer, int page, int head, int slot, float* key, float* value)
    {
        if (Format == KvFormat.Int8)
        {
            sbyte* codes = Codes(layer, page, head);
            float* scales = ScalesOf(layer, page, head);
            scales[slot] = Round(key, codes + slot, Slots);
            scales[Slots + slot] = Round(value, codes + (Slots * HeadDim) + (slot * ValueStride), 1);
            return;
        }

        if (Format == KvFormat.BFloat16)
        {
            ushort* halves = Halves(layer, page, head);
            for (int d = 0; d < HeadDim; d++)
                halves[KeyAt(d, slot)] = BFloat16.Narrow(key[d]);
            for (int d = 0; d < HeadDim; d++)
                halves[ValueAt(slot, d)] = BFloat16.Narrow(value[d]);
            return;
        }

        float* keys = Floats(layer, page, head) + slot;
        for (int d = 0; d < HeadDim; d++)
            keys[d * Slots] = key[d];
        new ReadOnlySpan<float>(value, HeadDim).CopyTo(new Span<float>(Floats(layer, page, head) + (Slots * HeadDim) + (slot * ValueStride), HeadDim));
    }

    /// <summary>The page as float32, (head_dim, 16) and (16, value stride): where it lies, or written to <paramref name="room"/>. What every other form gives, to the bit.</summary>
    public float* Read(int layer, int page, int head, float* room)
    {
        if (Format == KvFormat.Float32)
            return Floats(layer, page, head);
        if (Format == KvFormat.BFloat16)
        {
            ushort* halves = Halves(layer, page, head);
            for (int i = 0; i < Slots * HeadDim; i++)
                room[i] = BFloat16.Widen(halves[KeyAt(i / Slots, i % Slots)]);
            for (int i = 0; i < Slots * ValueStride; i++)
                room[(Slots * HeadDim) + i] = BFloat16.Widen(halves[ValueAt(i / ValueStride, i % ValueStride)]);
            return room;
        }

        sbyte* codes = Codes(layer, page, head);
        float* scales = ScalesOf(layer, page, head);
        for (int d = 0; d < HeadDim; d++)
        {
            for (int slot = 0; slot < Slots; slot++)
                room[(d * Slots) + slot] = codes[(d * Slots) + slot] * scales[slot];
        }

        for (int i = 0; i < Slots * ValueStride; i++)
            room[(Slots * HeadDim) + i] = codes[(Slots * HeadDim) + i] * scales[Slots + (i / ValueStride)];
        return room;
    }

    /// <summary>Where the page begins, whatever its format.</summary>
    public byte* Block(int layer, int page, int head) => _buffer.Data + (((((long)layer * Pages) + page) * KvHeads) + head) * _block;

    /// <summary>Slots [0, tokens) of a page, in all layers and heads.</summary>
    public void Copy(int from, int to, int tokens)
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            for (int head = 0; head < KvHeads; head++)
            {
                byte* source = Block(layer, from, head), target = Block(layer, to, head);
                if (Format == KvFormat.BFloat16)
                {
                    CopyHalves((ushort*)source, (ushort*)target, tokens);
                    continue;
                }

                if (Format == KvFormat.Float32)
                {
                    CopySlots(source, target, tokens, sizeof(float));
                    continue;
                }

                new ReadOnlySpan<float>(source, tokens).CopyTo(new Span<float>(target, tokens));
                new ReadOnlySpan<float>((float*)source + Slots, tokens).CopyTo(new Span<float>((float*)target + Slots, tokens));
                CopySlots(source + Scales, target + Scales, tokens, sizeof(sbyte));
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

    private static int ElementBytes(KvFormat format) => format == KvFormat.Float32 ? sizeof(float) : format == KvFormat.BFloat16 ? sizeof(ushort) : sizeof(sbyte);

    private static int KeyAt(int d, int slot) => (((d / 2 * Slots) + slot) * 2) + (d % 2);

    private int ValueAt(int slot, int column) => (Slots * HeadDim) + (((slot / 2 * ValueStride) + column) * 2) + (slot % 2);

    private void CopyHalves(ushort* source, ushort* target, int tokens)
    {
        for (int slot = 0; slot < tokens; slot++)
        {
            for (int d = 0; d < HeadDim; d++)
                target[KeyAt(d, slot)] = source[KeyAt(d, slot)];
            for (int column = 0; column < ValueStride; column++)
                target[ValueAt(slot, column)] = source[ValueAt(slot, column)];
        }
    }

    private void CopySlots(byte* source, byte* target, int tokens, int size)
    {
        for (int d = 0; d < HeadDim; d++)
            new ReadOnlySpan<byte>(source + (d * Slots * size), tokens * size).CopyTo(new Span<byte>(target + (d * Slots * size), tokens * size));
        long values = (long)Slots * HeadDim * size;
        new ReadOnlySpan<byte>(source + values, tokens * ValueStride * size).CopyTo(new Span<byte>(target + values, tokens * ValueStride * size));
    }

    // x = code x scale, code from -127 to 127 to nearest and ties to even; returns the scale.
    private float Round(float* x, sbyte* codes, int stride)
    {
        float max = 0;
        for (int d = 0; d < HeadDim; d++)
            max = MathF.Max(max, MathF.Abs(x[d]));
        float inverse = Int8Activations.Inverse(max);
        for (int d = 0; d < HeadDim; d++)
            codes[d * stride] = (sbyte)MathF.Round(x[d] * inverse);
        return Int8Activations.Scale(max);
    }
}
