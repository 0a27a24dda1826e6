using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// The product of <see cref="Int8Kernel"/> without VNNI, of activations as int16: weights are widened to int16 too, and products added in pairs to int32,
/// which cannot saturate. Tiles of 2 rows x 16 outputs and 1 x 32: what is widened serves both rows.
/// </summary>
/// <remarks>
/// Sixteen bytes of weights are four inputs of four outputs, so a sum stands in two lanes side by side until the end: row R, outputs 4 H to 4 H + 3 of the
/// tile in cR_H. Integer sums have no chain to wait for, so eight of them are enough. Two products come before their two additions: one after the other
/// they are 8 % slower on a Zen 3, whose pipes for the two overlap.
/// </remarks>
internal static unsafe class Int8Avx2
{
    public static void Run(in Int8Work work, int from, int to)
    {
        for (int start = 0; start < work.Rows; start += work.BlockRows)
        {
            int end = Math.Min(work.Rows, start + work.BlockRows);
            for (int panel = from; panel < to; panel++)
                Panel(work, start, end, panel);
        }
    }

    private static void Panel(in Int8Work work, int row, int end, int panel)
    {
        byte* heading = work.Weights + (panel * work.PanelBytes);
        float* y = work.Y + ((long)panel * PanelPacker.Width);
        for (; end - row >= 2; row += 2)
        {
            for (int column = 0; column < PanelPacker.Width; column += 16)
                Tile2(work.X.Row(row), work.X.Stride, heading, column, work.Lines, work.X.Scales + row, y + (row * work.YStride), work.YStride);
        }

        if (row < end)
            Tile1(work.X.Row(row), heading, work.Lines, work.X.Scales[row], y + (row * work.YStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2(byte* x, nint stride, byte* heading, int column, nint lines, float* scales, float* y, nint yStride)
    {
        Vector256<int> c0_0 = default, c0_1 = default, c0_2 = default, c0_3 = default;
        Vector256<int> c1_0 = default, c1_1 = default, c1_2 = default, c1_3 = default;
        sbyte* w = (sbyte*)heading + Int8Panels.Heading + (4 * column);
        byte* x1 = x + stride;
        for (nint line = 0; line < lines; line++)
        {
            Sse.Prefetch1(w + 4096);
            Vector256<short> w0 = Avx2.ConvertToVector256Int16(w);
            Vector256<short> w1 = Avx2.ConvertToVector256Int16(w + 16);
            Vector256<short> w2 = Avx2.ConvertToVector256Int16(w + 32);
            Vector256<short> w3 = Avx2.ConvertToVector256Int16(w + 48);
            Vector256<short> a = Vector256.Create(*(ulong*)(x + (8 * line))).AsInt16();
            Vector256<int> s = Avx2.MultiplyAddAdjacent(w0, a), t = Avx2.MultiplyAddAdjacent(w1, a);
            c0_0 += s;
            c0_1 += t;
            s = Avx2.MultiplyAddAdjacent(w2, a);
            t = Avx2.MultiplyAddAdjacent(w3, a);
            c0_2 += s;
            c0_3 += t;
            a = Vector256.Create(*(ulong*)(x1 + (8 * line))).AsInt16();
            s = Avx2.MultiplyAddAdjacent(w0, a);
            t = Avx2.MultiplyAddAdjacent(w1, a);
            c1_0 += s;
            c1_1 += t;
            s = Avx2.MultiplyAddAdjacent(w2, a);
            t = Avx2.MultiplyAddAdjacent(w3, a);
            c1_2 += s;
            c1_3 += t;
            w += Int8Panels.LineBytes;
        }

        Store(c0_0, c0_1, heading, column, scales[0], y);
        Store(c0_2, c0_3, heading, column + 8, scales[0], y);
        Store(c1_0, c1_1, heading, column, scales[1], y + yStride);
        Store(c1_2, c1_3, heading, column + 8, scales[1], y + yStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(byte* x, byte* heading, nint lines, float scale, float* y)
    {
        Vector256<int> c0_0 = default, c0_1 = default, c0_2 = default, c0_3 = default, c0_4 = default, c0_5 = default, c0_6 = default, c0_7 = default;
        sbyte* w = (sbyte*)heading + Int8Panels.Heading;
        for (nint line = 0; line < lines; line++)
        {
            Sse.Prefetch1(w + 4096);
            Sse.Prefetch1(w + 4160);
            Vector256<short> a = Vector256.Create(*(ulong*)(x + (8 * line))).AsInt16();
            Vector256<int> s = Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w), a), t = Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 16), a);
            c0_0 += s;
            c0_1 += t;
            s = Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 32), a);
            t = Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 48), a);
            c0_2 += s;
            c0_3 += t;
            s = Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 64), a);
            t = Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 80), a);
            c0_4 += s;
            c0_5 += t;
            s = Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 96), a);
            t = Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 112), a);
            c0_6 += s;
            c0_7 += t;
            w += Int8Panels.LineBytes;
        }

        Store(c0_0, c0_1, heading, 0, scale, y);
        Store(c0_2, c0_3, heading, 8, scale, y);
        Store(c0_4, c0_5, heading, 16, scale, y);
        Store(c0_6, c0_7, heading, 24, scale, y);
    }

    // The addition works in halves: outputs 0 1 4 5 2 3 6 7, in pairs to be swapped.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<int> a, Vector256<int> b, byte* heading, int column, float scale, float* y) =>
        Int8Kernel.Finish(Avx2.Permute4x64(Avx2.HorizontalAdd(a, b).AsInt64(), 0b11_01_10_00).AsInt32(), heading, column, Vector256.Create(scale), y);
}
