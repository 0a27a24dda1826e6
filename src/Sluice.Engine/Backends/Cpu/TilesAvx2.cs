using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y += x · panelᵀ for so many rows x so many panels: TileRxP takes k lines from <c>w</c>, and its sums go on from what stands in y.</summary>
/// <remarks>
/// Sums cR_H: row R, register H of the panel's outputs. Rows are reached from every third one by one and two strides: few address registers, all
/// offsets within the instruction.
/// </remarks>
internal static unsafe class TilesAvx2
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile6x1<TRow>(float* x, nint stride, byte* w, int half, int k, float* y, nint yStride)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        y += 8 * half;
        Vector256<float> c0_0 = Vector256.Load(y);
        Vector256<float> c0_1 = Vector256.Load(y + 16);
        Vector256<float> c1_0 = Vector256.Load(y + yStride);
        Vector256<float> c1_1 = Vector256.Load(y + yStride + 16);
        Vector256<float> c2_0 = Vector256.Load(y + (2 * yStride));
        Vector256<float> c2_1 = Vector256.Load(y + (2 * yStride) + 16);
        Vector256<float> c3_0 = Vector256.Load(y + (3 * yStride));
        Vector256<float> c3_1 = Vector256.Load(y + (3 * yStride) + 16);
        Vector256<float> c4_0 = Vector256.Load(y + (4 * yStride));
        Vector256<float> c4_1 = Vector256.Load(y + (4 * yStride) + 16);
        Vector256<float> c5_0 = Vector256.Load(y + (5 * yStride));
        Vector256<float> c5_1 = Vector256.Load(y + (5 * yStride) + 16);
        nint stride2 = 2 * stride;
        float* x1 = x + (3 * stride);
        for (int i = 0; i < k; i++)
        {
            TRow.WidenHalf(w, half, out Vector256<float> b0, out Vector256<float> b1);
            Vector256<float> a0 = Vector256.Create(*x);
            c0_0 = Vector256.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector256.FusedMultiplyAdd(a0, b1, c0_1);
            Vector256<float> a1 = Vector256.Create(*(x + stride));
            c1_0 = Vector256.FusedMultiplyAdd(a1, b0, c1_0);
            c1_1 = Vector256.FusedMultiplyAdd(a1, b1, c1_1);
            Vector256<float> a2 = Vector256.Create(*(x + stride2));
            c2_0 = Vector256.FusedMultiplyAdd(a2, b0, c2_0);
            c2_1 = Vector256.FusedMultiplyAdd(a2, b1, c2_1);
            Vector256<float> a3 = Vector256.Create(*x1);
            c3_0 = Vector256.FusedMultiplyAdd(a3, b0, c3_0);
            c3_1 = Vector256.FusedMultiplyAdd(a3, b1, c3_1);
            Vector256<float> a4 = Vector256.Create(*(x1 + stride));
            c4_0 = Vector256.FusedMultiplyAdd(a4, b0, c4_0);
            c4_1 = Vector256.FusedMultiplyAdd(a4, b1, c4_1);
            Vector256<float> a5 = Vector256.Create(*(x1 + stride2));
            c5_0 = Vector256.FusedMultiplyAdd(a5, b0, c5_0);
            c5_1 = Vector256.FusedMultiplyAdd(a5, b1, c5_1);
            x++;
            x1++;
            w += line;
        }

        c0_0.Store(y);
        c0_1.Store(y + 16);
        c1_0.Store(y + yStride);
        c1_1.Store(y + yStride + 16);
        c2_0.Store(y + (2 * yStride));
        c2_1.Store(y + (2 * yStride) + 16);
        c3_0.Store(y + (3 * yStride));
        c3_1.Store(y + (3 * yStride) + 16);
        c4_0.Store(y + (4 * yStride));
        c4_1.Store(y + (4 * yStride) + 16);
        c5_0.Store(y + (5 * yStride));
        c5_1.Store(y + (5 * yStride) + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile4x1<TRow>(float* x, nint stride, byte* w, int half, int k, float* y, nint yStride)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        y += 8 * half;
        Vector256<float> c0_0 = Vector256.Load(y);
        Vector256<float> c0_1 = Vector256.Load(y + 16);
        Vector256<float> c1_0 = Vector256.Load(y + yStride);
        Vector256<float> c1_1 = Vector256.Load(y + yStride + 16);
        Vector256<float> c2_0 = Vector256.Load(y + (2 * yStride));
        Vector256<float> c2_1 = Vector256.Load(y + (2 * yStride) + 16);
        Vector256<float> c3_0 = Vector256.Load(y + (3 * yStride));
        Vector256<float> c3_1 = Vector256.Load(y + (3 * yStride) + 16);
        nint stride2 = 2 * stride;
        float* x1 = x + (3 * stride);
        for (int i = 0; i < k; i++)
        {
            TRow.WidenHalf(w, half, out Vector256<float> b0, out Vector256<float> b1);
            Vector256<float> a0 = Vector256.Create(*x);
            c0_0 = Vector256.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector256.FusedMultiplyAdd(a0, b1, c0_1);
            Vector256<float> a1 = Vector256.Create(*(x + stride));
            c1_0 = Vector256.FusedMultiplyAdd(a1, b0, c1_0);
            c1_1 = Vector256.FusedMultiplyAdd(a1, b1, c1_1);
            Vector256<float> a2 = Vector256.Create(*(x + stride2));
            c2_0 = Vector256.FusedMultiplyAdd(a2, b0, c2_0);
            c2_1 = Vector256.FusedMultiplyAdd(a2, b1, c2_1);
            Vector256<float> a3 = Vector256.Create(*x1);
            c3_0 = Vector256.FusedMultiplyAdd(a3, b0, c3_0);
            c3_1 = Vector256.FusedMultiplyAdd(a3, b1, c3_1);
            x++;
            x1++;
            w += line;
        }

        c0_0.Store(y);
        c0_1.Store(y + 16);
        c1_0.Store(y + yStride);
        c1_1.Store(y + yStride + 16);
        c2_0.Store(y + (2 * yStride));
        c2_1.Store(y + (2 * yStride) + 16);
        c3_0.Store(y + (3 * yStride));
        c3_1.Store(y + (3 * yStride) + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile2x1<TRow>(float* x, nint stride, byte* w, int half, int k, float* y, nint yStride)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        y += 8 * half;
        Vector256<float> c0_0 = Vector256.Load(y);
        Vector256<float> c0_1 = Vector256.Load(y + 16);
        Vector256<float> c1_0 = Vector256.Load(y + yStride);
        Vector256<float> c1_1 = Vector256.Load(y + yStride + 16);
        for (int i = 0; i < k; i++)
        {
            TRow.WidenHalf(w, half, out Vector256<float> b0, out Vector256<float> b1);
            Vector256<float> a0 = Vector256.Create(*x);
            c0_0 = Vector256.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector256.FusedMultiplyAdd(a0, b1, c0_1);
            Vector256<float> a1 = Vector256.Create(*(x + stride));
            c1_0 = Vector256.FusedMultiplyAdd(a1, b0, c1_0);
            c1_1 = Vector256.FusedMultiplyAdd(a1, b1, c1_1);
            x++;
            w += line;
        }

        c0_0.Store(y);
        c0_1.Store(y + 16);
        c1_0.Store(y + yStride);
        c1_1.Store(y + yStride + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile1x2<TRow>(float* x, byte* w, nint panelBytes, int half, int k, float* y)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        y += 8 * half;
        Vector256<float> c0_0 = Vector256.Load(y);
        Vector256<float> c0_1 = Vector256.Load(y + 16);
        Vector256<float> c0_2 = Vector256.Load(y + 32);
        Vector256<float> c0_3 = Vector256.Load(y + 48);
        byte* w1 = w + panelBytes;
        for (int i = 0; i < k; i++)
        {
            TRow.WidenHalf(w, half, out Vector256<float> b0, out Vector256<float> b1);
            TRow.WidenHalf(w1, half, out Vector256<float> b2, out Vector256<float> b3);
            Vector256<float> a0 = Vector256.Create(*x);
            c0_0 = Vector256.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector256.FusedMultiplyAdd(a0, b1, c0_1);
            c0_2 = Vector256.FusedMultiplyAdd(a0, b2, c0_2);
            c0_3 = Vector256.FusedMultiplyAdd(a0, b3, c0_3);
            x++;
            w += line;
            w1 += line;
        }

        c0_0.Store(y);
        c0_1.Store(y + 16);
        c0_2.Store(y + 32);
        c0_3.Store(y + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile1x1<TRow>(float* x, byte* w, int half, int k, float* y)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        y += 8 * half;
        Vector256<float> c0_0 = Vector256.Load(y);
        Vector256<float> c0_1 = Vector256.Load(y + 16);
        for (int i = 0; i < k; i++)
        {
            TRow.WidenHalf(w, half, out Vector256<float> b0, out Vector256<float> b1);
            Vector256<float> a0 = Vector256.Create(*x);
            c0_0 = Vector256.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector256.FusedMultiplyAdd(a0, b1, c0_1);
            x++;
            w += line;
        }

        c0_0.Store(y);
        c0_1.Store(y + 16);
    }
}
