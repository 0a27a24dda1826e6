using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y += x · panelᵀ for so many rows x so many panels: TileRxP takes k lines from <c>w</c>, and its sums go on from what stands in y.</summary>
/// <remarks>
/// Sums cR_H: row R, register H of the panel's outputs. Rows are reached from every third one by one and two strides: few address registers, all
/// offsets within the instruction.
/// </remarks>
internal static unsafe class TilesAvx512
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile12x1<TRow>(float* x, nint stride, byte* w, nint ahead, int k, float* y, nint yStride)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        Vector512<float> c0_0 = Vector512.Load(y);
        Vector512<float> c0_1 = Vector512.Load(y + 16);
        Vector512<float> c1_0 = Vector512.Load(y + yStride);
        Vector512<float> c1_1 = Vector512.Load(y + yStride + 16);
        Vector512<float> c2_0 = Vector512.Load(y + (2 * yStride));
        Vector512<float> c2_1 = Vector512.Load(y + (2 * yStride) + 16);
        Vector512<float> c3_0 = Vector512.Load(y + (3 * yStride));
        Vector512<float> c3_1 = Vector512.Load(y + (3 * yStride) + 16);
        Vector512<float> c4_0 = Vector512.Load(y + (4 * yStride));
        Vector512<float> c4_1 = Vector512.Load(y + (4 * yStride) + 16);
        Vector512<float> c5_0 = Vector512.Load(y + (5 * yStride));
        Vector512<float> c5_1 = Vector512.Load(y + (5 * yStride) + 16);
        Vector512<float> c6_0 = Vector512.Load(y + (6 * yStride));
        Vector512<float> c6_1 = Vector512.Load(y + (6 * yStride) + 16);
        Vector512<float> c7_0 = Vector512.Load(y + (7 * yStride));
        Vector512<float> c7_1 = Vector512.Load(y + (7 * yStride) + 16);
        Vector512<float> c8_0 = Vector512.Load(y + (8 * yStride));
        Vector512<float> c8_1 = Vector512.Load(y + (8 * yStride) + 16);
        Vector512<float> c9_0 = Vector512.Load(y + (9 * yStride));
        Vector512<float> c9_1 = Vector512.Load(y + (9 * yStride) + 16);
        Vector512<float> c10_0 = Vector512.Load(y + (10 * yStride));
        Vector512<float> c10_1 = Vector512.Load(y + (10 * yStride) + 16);
        Vector512<float> c11_0 = Vector512.Load(y + (11 * yStride));
        Vector512<float> c11_1 = Vector512.Load(y + (11 * yStride) + 16);
        nint stride2 = 2 * stride;
        float* x1 = x + (3 * stride);
        float* x2 = x + (6 * stride);
        float* x3 = x + (9 * stride);
        for (int i = 0; i < k; i++)
        {
            TRow.Widen(w, out Vector512<float> b0, out Vector512<float> b1);
            Sse.Prefetch1(w + ahead);
            Vector512<float> a0 = Vector512.Create(*x);
            c0_0 = Vector512.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector512.FusedMultiplyAdd(a0, b1, c0_1);
            Vector512<float> a1 = Vector512.Create(*(x + stride));
            c1_0 = Vector512.FusedMultiplyAdd(a1, b0, c1_0);
            c1_1 = Vector512.FusedMultiplyAdd(a1, b1, c1_1);
            Vector512<float> a2 = Vector512.Create(*(x + stride2));
            c2_0 = Vector512.FusedMultiplyAdd(a2, b0, c2_0);
            c2_1 = Vector512.FusedMultiplyAdd(a2, b1, c2_1);
            Vector512<float> a3 = Vector512.Create(*x1);
            c3_0 = Vector512.FusedMultiplyAdd(a3, b0, c3_0);
            c3_1 = Vector512.FusedMultiplyAdd(a3, b1, c3_1);
            Vector512<float> a4 = Vector512.Create(*(x1 + stride));
            c4_0 = Vector512.FusedMultiplyAdd(a4, b0, c4_0);
            c4_1 = Vector512.FusedMultiplyAdd(a4, b1, c4_1);
            Vector512<float> a5 = Vector512.Create(*(x1 + stride2));
            c5_0 = Vector512.FusedMultiplyAdd(a5, b0, c5_0);
            c5_1 = Vector512.FusedMultiplyAdd(a5, b1, c5_1);
            Vector512<float> a6 = Vector512.Create(*x2);
            c6_0 = Vector512.FusedMultiplyAdd(a6, b0, c6_0);
            c6_1 = Vector512.FusedMultiplyAdd(a6, b1, c6_1);
            Vector512<float> a7 = Vector512.Create(*(x2 + stride));
            c7_0 = Vector512.FusedMultiplyAdd(a7, b0, c7_0);
            c7_1 = Vector512.FusedMultiplyAdd(a7, b1, c7_1);
            Vector512<float> a8 = Vector512.Create(*(x2 + stride2));
            c8_0 = Vector512.FusedMultiplyAdd(a8, b0, c8_0);
            c8_1 = Vector512.FusedMultiplyAdd(a8, b1, c8_1);
            Vector512<float> a9 = Vector512.Create(*x3);
            c9_0 = Vector512.FusedMultiplyAdd(a9, b0, c9_0);
            c9_1 = Vector512.FusedMultiplyAdd(a9, b1, c9_1);
            Vector512<float> a10 = Vector512.Create(*(x3 + stride));
            c10_0 = Vector512.FusedMultiplyAdd(a10, b0, c10_0);
            c10_1 = Vector512.FusedMultiplyAdd(a10, b1, c10_1);
            Vector512<float> a11 = Vector512.Create(*(x3 + stride2));
            c11_0 = Vector512.FusedMultiplyAdd(a11, b0, c11_0);
            c11_1 = Vector512.FusedMultiplyAdd(a11, b1, c11_1);
            x++;
            x1++;
            x2++;
            x3++;
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
        c6_0.Store(y + (6 * yStride));
        c6_1.Store(y + (6 * yStride) + 16);
        c7_0.Store(y + (7 * yStride));
        c7_1.Store(y + (7 * yStride) + 16);
        c8_0.Store(y + (8 * yStride));
        c8_1.Store(y + (8 * yStride) + 16);
        c9_0.Store(y + (9 * yStride));
        c9_1.Store(y + (9 * yStride) + 16);
        c10_0.Store(y + (10 * yStride));
        c10_1.Store(y + (10 * yStride) + 16);
        c11_0.Store(y + (11 * yStride));
        c11_1.Store(y + (11 * yStride) + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile8x1<TRow>(float* x, nint stride, byte* w, nint ahead, int k, float* y, nint yStride)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        Vector512<float> c0_0 = Vector512.Load(y);
        Vector512<float> c0_1 = Vector512.Load(y + 16);
        Vector512<float> c1_0 = Vector512.Load(y + yStride);
        Vector512<float> c1_1 = Vector512.Load(y + yStride + 16);
        Vector512<float> c2_0 = Vector512.Load(y + (2 * yStride));
        Vector512<float> c2_1 = Vector512.Load(y + (2 * yStride) + 16);
        Vector512<float> c3_0 = Vector512.Load(y + (3 * yStride));
        Vector512<float> c3_1 = Vector512.Load(y + (3 * yStride) + 16);
        Vector512<float> c4_0 = Vector512.Load(y + (4 * yStride));
        Vector512<float> c4_1 = Vector512.Load(y + (4 * yStride) + 16);
        Vector512<float> c5_0 = Vector512.Load(y + (5 * yStride));
        Vector512<float> c5_1 = Vector512.Load(y + (5 * yStride) + 16);
        Vector512<float> c6_0 = Vector512.Load(y + (6 * yStride));
        Vector512<float> c6_1 = Vector512.Load(y + (6 * yStride) + 16);
        Vector512<float> c7_0 = Vector512.Load(y + (7 * yStride));
        Vector512<float> c7_1 = Vector512.Load(y + (7 * yStride) + 16);
        nint stride2 = 2 * stride;
        float* x1 = x + (3 * stride);
        float* x2 = x + (6 * stride);
        for (int i = 0; i < k; i++)
        {
            TRow.Widen(w, out Vector512<float> b0, out Vector512<float> b1);
            Sse.Prefetch1(w + ahead);
            Vector512<float> a0 = Vector512.Create(*x);
            c0_0 = Vector512.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector512.FusedMultiplyAdd(a0, b1, c0_1);
            Vector512<float> a1 = Vector512.Create(*(x + stride));
            c1_0 = Vector512.FusedMultiplyAdd(a1, b0, c1_0);
            c1_1 = Vector512.FusedMultiplyAdd(a1, b1, c1_1);
            Vector512<float> a2 = Vector512.Create(*(x + stride2));
            c2_0 = Vector512.FusedMultiplyAdd(a2, b0, c2_0);
            c2_1 = Vector512.FusedMultiplyAdd(a2, b1, c2_1);
            Vector512<float> a3 = Vector512.Create(*x1);
            c3_0 = Vector512.FusedMultiplyAdd(a3, b0, c3_0);
            c3_1 = Vector512.FusedMultiplyAdd(a3, b1, c3_1);
            Vector512<float> a4 = Vector512.Create(*(x1 + stride));
            c4_0 = Vector512.FusedMultiplyAdd(a4, b0, c4_0);
            c4_1 = Vector512.FusedMultiplyAdd(a4, b1, c4_1);
            Vector512<float> a5 = Vector512.Create(*(x1 + stride2));
            c5_0 = Vector512.FusedMultiplyAdd(a5, b0, c5_0);
            c5_1 = Vector512.FusedMultiplyAdd(a5, b1, c5_1);
            Vector512<float> a6 = Vector512.Create(*x2);
            c6_0 = Vector512.FusedMultiplyAdd(a6, b0, c6_0);
            c6_1 = Vector512.FusedMultiplyAdd(a6, b1, c6_1);
            Vector512<float> a7 = Vector512.Create(*(x2 + stride));
            c7_0 = Vector512.FusedMultiplyAdd(a7, b0, c7_0);
            c7_1 = Vector512.FusedMultiplyAdd(a7, b1, c7_1);
            x++;
            x1++;
            x2++;
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
        c6_0.Store(y + (6 * yStride));
        c6_1.Store(y + (6 * yStride) + 16);
        c7_0.Store(y + (7 * yStride));
        c7_1.Store(y + (7 * yStride) + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile4x1<TRow>(float* x, nint stride, byte* w, nint ahead, int k, float* y, nint yStride)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        Vector512<float> c0_0 = Vector512.Load(y);
        Vector512<float> c0_1 = Vector512.Load(y + 16);
        Vector512<float> c1_0 = Vector512.Load(y + yStride);
        Vector512<float> c1_1 = Vector512.Load(y + yStride + 16);
        Vector512<float> c2_0 = Vector512.Load(y + (2 * yStride));
        Vector512<float> c2_1 = Vector512.Load(y + (2 * yStride) + 16);
        Vector512<float> c3_0 = Vector512.Load(y + (3 * yStride));
        Vector512<float> c3_1 = Vector512.Load(y + (3 * yStride) + 16);
        nint stride2 = 2 * stride;
        float* x1 = x + (3 * stride);
        for (int i = 0; i < k; i++)
        {
            TRow.Widen(w, out Vector512<float> b0, out Vector512<float> b1);
            Sse.Prefetch1(w + ahead);
            Vector512<float> a0 = Vector512.Create(*x);
            c0_0 = Vector512.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector512.FusedMultiplyAdd(a0, b1, c0_1);
            Vector512<float> a1 = Vector512.Create(*(x + stride));
            c1_0 = Vector512.FusedMultiplyAdd(a1, b0, c1_0);
            c1_1 = Vector512.FusedMultiplyAdd(a1, b1, c1_1);
            Vector512<float> a2 = Vector512.Create(*(x + stride2));
            c2_0 = Vector512.FusedMultiplyAdd(a2, b0, c2_0);
            c2_1 = Vector512.FusedMultiplyAdd(a2, b1, c2_1);
            Vector512<float> a3 = Vector512.Create(*x1);
            c3_0 = Vector512.FusedMultiplyAdd(a3, b0, c3_0);
            c3_1 = Vector512.FusedMultiplyAdd(a3, b1, c3_1);
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
    public static void Tile2x2<TRow>(float* x, nint stride, byte* w, nint panelBytes, nint ahead, int k, float* y, nint yStride)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        Vector512<float> c0_0 = Vector512.Load(y);
        Vector512<float> c0_1 = Vector512.Load(y + 16);
        Vector512<float> c0_2 = Vector512.Load(y + 32);
        Vector512<float> c0_3 = Vector512.Load(y + 48);
        Vector512<float> c1_0 = Vector512.Load(y + yStride);
        Vector512<float> c1_1 = Vector512.Load(y + yStride + 16);
        Vector512<float> c1_2 = Vector512.Load(y + yStride + 32);
        Vector512<float> c1_3 = Vector512.Load(y + yStride + 48);
        byte* w1 = w + panelBytes;
        for (int i = 0; i < k; i++)
        {
            TRow.Widen(w, out Vector512<float> b0, out Vector512<float> b1);
            TRow.Widen(w1, out Vector512<float> b2, out Vector512<float> b3);
            Sse.Prefetch1(w + ahead);
            Sse.Prefetch1(w1 + ahead);
            Vector512<float> a0 = Vector512.Create(*x);
            c0_0 = Vector512.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector512.FusedMultiplyAdd(a0, b1, c0_1);
            c0_2 = Vector512.FusedMultiplyAdd(a0, b2, c0_2);
            c0_3 = Vector512.FusedMultiplyAdd(a0, b3, c0_3);
            Vector512<float> a1 = Vector512.Create(*(x + stride));
            c1_0 = Vector512.FusedMultiplyAdd(a1, b0, c1_0);
            c1_1 = Vector512.FusedMultiplyAdd(a1, b1, c1_1);
            c1_2 = Vector512.FusedMultiplyAdd(a1, b2, c1_2);
            c1_3 = Vector512.FusedMultiplyAdd(a1, b3, c1_3);
            x++;
            w += line;
            w1 += line;
        }

        c0_0.Store(y);
        c0_1.Store(y + 16);
        c0_2.Store(y + 32);
        c0_3.Store(y + 48);
        c1_0.Store(y + yStride);
        c1_1.Store(y + yStride + 16);
        c1_2.Store(y + yStride + 32);
        c1_3.Store(y + yStride + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile2x1<TRow>(float* x, nint stride, byte* w, nint ahead, int k, float* y, nint yStride)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        Vector512<float> c0_0 = Vector512.Load(y);
        Vector512<float> c0_1 = Vector512.Load(y + 16);
        Vector512<float> c1_0 = Vector512.Load(y + yStride);
        Vector512<float> c1_1 = Vector512.Load(y + yStride + 16);
        for (int i = 0; i < k; i++)
        {
            TRow.Widen(w, out Vector512<float> b0, out Vector512<float> b1);
            Sse.Prefetch1(w + ahead);
            Vector512<float> a0 = Vector512.Create(*x);
            c0_0 = Vector512.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector512.FusedMultiplyAdd(a0, b1, c0_1);
            Vector512<float> a1 = Vector512.Create(*(x + stride));
            c1_0 = Vector512.FusedMultiplyAdd(a1, b0, c1_0);
            c1_1 = Vector512.FusedMultiplyAdd(a1, b1, c1_1);
            x++;
            w += line;
        }

        c0_0.Store(y);
        c0_1.Store(y + 16);
        c1_0.Store(y + yStride);
        c1_1.Store(y + yStride + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile1x4<TRow>(float* x, byte* w, nint panelBytes, nint ahead, int k, float* y)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        Vector512<float> c0_0 = Vector512.Load(y);
        Vector512<float> c0_1 = Vector512.Load(y + 16);
        Vector512<float> c0_2 = Vector512.Load(y + 32);
        Vector512<float> c0_3 = Vector512.Load(y + 48);
        Vector512<float> c0_4 = Vector512.Load(y + 64);
        Vector512<float> c0_5 = Vector512.Load(y + 80);
        Vector512<float> c0_6 = Vector512.Load(y + 96);
        Vector512<float> c0_7 = Vector512.Load(y + 112);
        byte* w1 = w + panelBytes;
        byte* w2 = w + (2 * panelBytes);
        byte* w3 = w + (3 * panelBytes);
        for (int i = 0; i < k; i++)
        {
            TRow.Widen(w, out Vector512<float> b0, out Vector512<float> b1);
            TRow.Widen(w1, out Vector512<float> b2, out Vector512<float> b3);
            TRow.Widen(w2, out Vector512<float> b4, out Vector512<float> b5);
            TRow.Widen(w3, out Vector512<float> b6, out Vector512<float> b7);
            Sse.Prefetch1(w + ahead);
            Sse.Prefetch1(w1 + ahead);
            Sse.Prefetch1(w2 + ahead);
            Sse.Prefetch1(w3 + ahead);
            Vector512<float> a0 = Vector512.Create(*x);
            c0_0 = Vector512.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector512.FusedMultiplyAdd(a0, b1, c0_1);
            c0_2 = Vector512.FusedMultiplyAdd(a0, b2, c0_2);
            c0_3 = Vector512.FusedMultiplyAdd(a0, b3, c0_3);
            c0_4 = Vector512.FusedMultiplyAdd(a0, b4, c0_4);
            c0_5 = Vector512.FusedMultiplyAdd(a0, b5, c0_5);
            c0_6 = Vector512.FusedMultiplyAdd(a0, b6, c0_6);
            c0_7 = Vector512.FusedMultiplyAdd(a0, b7, c0_7);
            x++;
            w += line;
            w1 += line;
            w2 += line;
            w3 += line;
        }

        c0_0.Store(y);
        c0_1.Store(y + 16);
        c0_2.Store(y + 32);
        c0_3.Store(y + 48);
        c0_4.Store(y + 64);
        c0_5.Store(y + 80);
        c0_6.Store(y + 96);
        c0_7.Store(y + 112);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile1x1<TRow>(float* x, byte* w, nint ahead, int k, float* y)
        where TRow : unmanaged, IPanelRow
    {
        int line = TRow.Bytes;
        Vector512<float> c0_0 = Vector512.Load(y);
        Vector512<float> c0_1 = Vector512.Load(y + 16);
        for (int i = 0; i < k; i++)
        {
            TRow.Widen(w, out Vector512<float> b0, out Vector512<float> b1);
            Sse.Prefetch1(w + ahead);
            Vector512<float> a0 = Vector512.Create(*x);
            c0_0 = Vector512.FusedMultiplyAdd(a0, b0, c0_0);
            c0_1 = Vector512.FusedMultiplyAdd(a0, b1, c0_1);
            x++;
            w += line;
        }

        c0_0.Store(y);
        c0_1.Store(y + 16);
    }
}
