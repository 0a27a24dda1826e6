using System.Runtime.CompilerServices;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Pages of bytes as float32: value = code x scale of its slot. Every form gives the bits of <see cref="KvPages.Read"/>.</summary>
internal static unsafe class KvReader
{
    private const int Slots = StepPlan.PageTokens;

    /// <summary>The page where it lies if it is float32, else written to <paramref name="room"/>.</summary>
    public static float* Read(KvPages pages, int layer, int page, int head, float* room)
    {
        if (pages.Format == KvFormat.Float32 || !Isa.Avx2)
            return pages.Read(layer, page, head, room);
        if (Isa.Avx512)
            Widen<Lanes512>(pages.ScalesOf(layer, page, head), pages.Codes(layer, page, head), pages.HeadDim, pages.ValueStride, room);
        else
            Widen<Lanes256>(pages.ScalesOf(layer, page, head), pages.Codes(layer, page, head), pages.HeadDim, pages.ValueStride, room);
        return room;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen<TLanes>(float* scales, sbyte* codes, int headDim, int valueStride, float* room)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes keyScales = TLanes.Load(scales);
        for (int d = 0; d < headDim; d++, codes += Slots, room += Slots)
            TLanes.Multiply(TLanes.LoadBytes(codes), keyScales).Store(room);
        for (int slot = 0; slot < Slots; slot++)
        {
            TLanes scale = TLanes.Splat(scales[Slots + slot]);
            for (int column = 0; column < valueStride; column += ILanes<TLanes>.Count, codes += ILanes<TLanes>.Count, room += ILanes<TLanes>.Count)
                TLanes.Multiply(TLanes.LoadBytes(codes), scale).Store(room);
        }
    }
}
