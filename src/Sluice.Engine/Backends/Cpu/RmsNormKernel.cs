using System.Runtime.CompilerServices;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y = (x / sqrt(mean(x²) + eps)) x weight, per row; with a delta, x += delta first.</summary>
/// <remarks>Sixteen partial sums over the columns, then across the lanes: an order that only the number of columns decides.</remarks>
internal static unsafe class RmsNormKernel
{
    public static void Row(float* x, float* delta, float* weight, float eps, float* y, int columns)
    {
        if (Isa.Avx512)
            Vector<Lanes512>(x, delta, weight, eps, y, columns);
        else if (Isa.Avx2)
            Vector<Lanes256>(x, delta, weight, eps, y, columns);
        else
            Scalar(x, delta, weight, eps, y, columns);
    }

    public static void Scalar(float* x, float* delta, float* weight, float eps, float* y, int columns)
    {
        float sum = 0;
        for (int i = 0; i < columns; i++)
        {
            if (delta is not null)
                x[i] += delta[i];
            sum += x[i] * x[i];
        }

        float scale = 1 / MathF.Sqrt((sum / columns) + eps);
        for (int i = 0; i < columns; i++)
            y[i] = x[i] * scale * weight[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vector<TLanes>(float* x, float* delta, float* weight, float eps, float* y, int columns)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes zero = TLanes.Splat(0);
        TLanes sum = zero;
        for (int i = 0; i < columns; i += ILanes<TLanes>.Count)
        {
            TLanes v = TLanes.Load(x + i);
            if (delta is not null)
            {
                v = TLanes.Add(v, TLanes.Load(delta + i));
                v.Store(x + i);
            }

            TLanes inside = TLanes.First(v, columns - i, zero);
            sum = TLanes.Fma(inside, inside, sum);
        }

        TLanes scale = TLanes.Splat(1 / MathF.Sqrt((TLanes.Sum(sum) / columns) + eps));
        for (int i = 0; i < columns; i += ILanes<TLanes>.Count)
            TLanes.Multiply(TLanes.Multiply(TLanes.Load(x + i), scale), TLanes.Load(weight + i)).Store(y + i);
    }
}
