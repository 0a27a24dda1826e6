using System.Runtime.CompilerServices;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Writes a token's key and value. Every form gives the bits of <see cref="KvPages.Write"/>.</summary>
internal static unsafe class KvWriter
{
    private const int Slots = StepPlan.PageTokens;

    /// <param name="pages">Of the model.</param>
    /// <param name="layer">Of the page.</param>
    /// <param name="page">Of the token.</param>
    /// <param name="head">Of key and value.</param>
    /// <param name="slot">Of the page.</param>
    /// <param name="key">(head_dim)</param>
    /// <param name="value">(head_dim)</param>
    public static void Write(KvPages pages, int layer, int page, int head, int slot, float* key, float* value)
    {
        if (pages.Format == KvFormat.BFloat16 && Isa.Avx512)
            Halves(pages.Halves(layer, page, head), pages.HeadDim, pages.ValueStride, slot, key, value);
        else
            pages.Write(layer, page, head, slot, key, value);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Halves(ushort* page, int headDim, int valueStride, int slot, float* key, float* value)
    {
        uint* pairs = stackalloc uint[headDim / 2];
        BFloat16Rows.Row(key, headDim, (ushort*)pairs);
        uint* keys = (uint*)page + slot;
        for (int i = 0; i < headDim / 2; i++)
            keys[i * Slots] = pairs[i];
        BFloat16Rows.Row(value, headDim, (ushort*)pairs);
        ushort* values = page + (Slots * headDim) + (slot / 2 * valueStride * 2) + (slot % 2);
        for (int i = 0; i < headDim; i++)
            values[i * 2] = ((ushort*)pairs)[i];
    }
}
