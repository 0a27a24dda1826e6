using System.Runtime.CompilerServices;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>best = the larger of best and max(y), ties to what came first.</summary>
/// <remarks>The processor's maximum gives its second operand where one is not a number: the values come first, so those are passed over.</remarks>
internal static unsafe class TopKernel
{
    /// <param name="y">(count, padded to 16)</param>
    /// <param name="count">How many values.</param>
    /// <param name="first">Id of y[0].</param>
    /// <param name="best">So far.</param>
    public static void Row(float* y, int count, int first, ref TopLogit best)
    {
        if (Isa.Avx512)
            Vector<Lanes512>(y, count, first, ref best);
        else if (Isa.Avx2)
            Vector<Lanes256>(y, count, first, ref best);
        else
            Scalar(y, count, first, ref best);
    }

    public static void Scalar(float* y, int count, int first, ref TopLogit best)
    {
        for (int i = 0; i < count; i++)
        {
            if (y[i] > best.Value)
                best = new TopLogit(first + i, y[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vector<TLanes>(float* y, int count, int first, ref TopLogit best)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes lowest = TLanes.Splat(float.NegativeInfinity);
        TLanes max = lowest;
        for (int i = 0; i < count; i += ILanes<TLanes>.Count)
            max = TLanes.Max(TLanes.First(TLanes.Load(y + i), count - i, lowest), max);
        if (TLanes.MaxAcross(max) > best.Value)
            Scalar(y, count, first, ref best);
    }
}
