using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Pages of bytes as float32: value = code x scale of its slot. Every form gives the bits of <see cref="KvPages.Read"/>.</summary>
internal static unsafe class KvReader
{
    private const int Slots = StepPlan.PageTokens;

    /// <summary>The page where it lies if it is float32, else written to <paramref name="room"/>.</summary>
    /// <param name="pages">Of the model.</param>
    /// <param name="layer">Of the page.</param>
    /// <param name="page">To read.</param>
    /// <param name="head">Of keys and values.</param>
    /// <param name="room">(<see cref="KvPages.PageFloats"/>)</param>
    /// <param name="ahead">Bytes from this page to the one that is brought into the cache meanwhile, line by line; 0 for none. Pages that are read where they lie do not ask for it here.</param>
    public static float* Read(KvPages pages, int layer, int page, int head, float* room, nint ahead = 0)
    {
        if (pages.Format != KvFormat.Int8 || !Isa.Avx2)
            return pages.Read(layer, page, head, room);
        if (Isa.Avx512)
            Bytes<Lanes512>(pages.ScalesOf(layer, page, head), pages.Codes(layer, page, head), pages.HeadDim, pages.ValueStride, ahead, room);
        else
            Bytes<Lanes256>(pages.ScalesOf(layer, page, head), pages.Codes(layer, page, head), pages.HeadDim, pages.ValueStride, ahead, room);
        return room;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Bytes<TLanes>(float* scales, sbyte* codes, int headDim, int valueStride, nint ahead, float* room)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        if (ahead != 0)
        {
            Sse.Prefetch1((byte*)scales + ahead);
            Sse.Prefetch1((byte*)scales + ahead + 64);
        }

        TLanes keyScales = TLanes.Load(scales);
        for (int d = 0; d < headDim; d++, codes += Slots, room += Slots)
        {
            if (ahead != 0)
                Sse.Prefetch1((byte*)codes + ahead);
            TLanes.Multiply(TLanes.LoadBytes(codes), keyScales).Store(room);
        }

        for (int slot = 0; slot < Slots; slot++)
        {
            TLanes scale = TLanes.Splat(scales[Slots + slot]);
            for (int column = 0; column < valueStride; column += ILanes<TLanes>.Count, codes += ILanes<TLanes>.Count, room += ILanes<TLanes>.Count)
            {
                if (ahead != 0)
                    Sse.Prefetch1((byte*)codes + ahead);
                TLanes.Multiply(TLanes.LoadBytes(codes), scale).Store(room);
            }
        }
    }
}
