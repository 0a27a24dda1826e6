using System.Runtime.CompilerServices;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y = gate / (1 + exp(-gate)) x up, per element.</summary>
internal static unsafe class SiluKernel
{
    public static void Row(float* gate, float* up, float* y, int columns)
    {
        if (Isa.Avx512)
            Vector<Lanes512>(gate, up, y, columns);
        else if (Isa.Avx2)
            Vector<Lanes256>(gate, up, y, columns);
        else
            Scalar(gate, up, y, columns);
    }

    public static void Scalar(float* gate, float* up, float* y, int columns)
    {
        for (int i = 0; i < columns; i++)
            y[i] = gate[i] / (1 + MathF.Exp(-gate[i])) * up[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vector<TLanes>(float* gate, float* up, float* y, int columns)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes one = TLanes.Splat(1);
        TLanes minus = TLanes.Splat(-1);
        for (int i = 0; i < columns; i += ILanes<TLanes>.Count)
        {
            TLanes g = TLanes.Load(gate + i);
            TLanes e = Exponential.Of(TLanes.Multiply(g, minus));
            TLanes.Multiply(TLanes.Divide(g, TLanes.Add(one, e)), TLanes.Load(up + i)).Store(y + i);
        }
    }
}
