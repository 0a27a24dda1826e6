using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>The product of <see cref="Int8Kernel"/> with four products of bytes per lane and instruction, in 256-bit registers, for tiles of 3, 2 and 1 rows x 32 outputs.</summary>
/// <remarks>Sixteen registers: twelve sums (row R, outputs 8 H to 8 H + 7 in cR_H), a row's four bytes in every lane, and weights from memory.</remarks>
internal static unsafe class Int8Vnni
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
        for (; end - row >= 3; row += 3)
            Tile3(work.X.Row(row), work.X.Stride, heading, work.Lines, work.X.Scales + row, y + (row * work.YStride), work.YStride);
        if (end - row == 2)
            Tile2(work.X.Row(row), work.X.Stride, heading, work.Lines, work.X.Scales + row, y + (row * work.YStride), work.YStride);
        else if (end - row == 1)
            Tile1(work.X.Row(row), heading, work.Lines, work.X.Scales[row], y + (row * work.YStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile3(byte* x, nint stride, byte* heading, int lines, float* scales, float* y, nint yStride)
    {
        Vector256<int> c0_0 = default, c0_1 = default, c0_2 = default, c0_3 = default;
        Vector256<int> c1_0 = default, c1_1 = default, c1_2 = default, c1_3 = default;
        Vector256<int> c2_0 = default, c2_1 = default, c2_2 = default, c2_3 = default;
        sbyte* w = (sbyte*)heading + Int8Panels.Heading;
        for (int line = 0; line < lines; line++)
        {
            Vector256<byte> a = Vector256.Create(*(uint*)x).AsByte();
            c0_0 = AvxVnni.MultiplyWideningAndAdd(c0_0, a, Vector256.Load(w));
            c0_1 = AvxVnni.MultiplyWideningAndAdd(c0_1, a, Vector256.Load(w + 32));
            c0_2 = AvxVnni.MultiplyWideningAndAdd(c0_2, a, Vector256.Load(w + 64));
            c0_3 = AvxVnni.MultiplyWideningAndAdd(c0_3, a, Vector256.Load(w + 96));
            a = Vector256.Create(*(uint*)(x + stride)).AsByte();
            c1_0 = AvxVnni.MultiplyWideningAndAdd(c1_0, a, Vector256.Load(w));
            c1_1 = AvxVnni.MultiplyWideningAndAdd(c1_1, a, Vector256.Load(w + 32));
            c1_2 = AvxVnni.MultiplyWideningAndAdd(c1_2, a, Vector256.Load(w + 64));
            c1_3 = AvxVnni.MultiplyWideningAndAdd(c1_3, a, Vector256.Load(w + 96));
            a = Vector256.Create(*(uint*)(x + (2 * stride))).AsByte();
            c2_0 = AvxVnni.MultiplyWideningAndAdd(c2_0, a, Vector256.Load(w));
            c2_1 = AvxVnni.MultiplyWideningAndAdd(c2_1, a, Vector256.Load(w + 32));
            c2_2 = AvxVnni.MultiplyWideningAndAdd(c2_2, a, Vector256.Load(w + 64));
            c2_3 = AvxVnni.MultiplyWideningAndAdd(c2_3, a, Vector256.Load(w + 96));
            x += 4;
            w += Int8Panels.LineBytes;
        }

        Store(c0_0, c0_1, c0_2, c0_3, heading, scales[0], y);
        Store(c1_0, c1_1, c1_2, c1_3, heading, scales[1], y + yStride);
        Store(c2_0, c2_1, c2_2, c2_3, heading, scales[2], y + (2 * yStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2(byte* x, nint stride, byte* heading, int lines, float* scales, float* y, nint yStride)
    {
        Vector256<int> c0_0 = default, c0_1 = default, c0_2 = default, c0_3 = default;
        Vector256<int> c1_0 = default, c1_1 = default, c1_2 = default, c1_3 = default;
        sbyte* w = (sbyte*)heading + Int8Panels.Heading;
        for (int line = 0; line < lines; line++)
        {
            Sse.Prefetch1(w + 4096);
            Sse.Prefetch1(w + 4160);
            Vector256<byte> a = Vector256.Create(*(uint*)x).AsByte();
            Vector256<byte> b = Vector256.Create(*(uint*)(x + stride)).AsByte();
            Vector256<sbyte> w0 = Vector256.Load(w), w1 = Vector256.Load(w + 32), w2 = Vector256.Load(w + 64), w3 = Vector256.Load(w + 96);
            c0_0 = AvxVnni.MultiplyWideningAndAdd(c0_0, a, w0);
            c0_1 = AvxVnni.MultiplyWideningAndAdd(c0_1, a, w1);
            c0_2 = AvxVnni.MultiplyWideningAndAdd(c0_2, a, w2);
            c0_3 = AvxVnni.MultiplyWideningAndAdd(c0_3, a, w3);
            c1_0 = AvxVnni.MultiplyWideningAndAdd(c1_0, b, w0);
            c1_1 = AvxVnni.MultiplyWideningAndAdd(c1_1, b, w1);
            c1_2 = AvxVnni.MultiplyWideningAndAdd(c1_2, b, w2);
            c1_3 = AvxVnni.MultiplyWideningAndAdd(c1_3, b, w3);
            x += 4;
            w += Int8Panels.LineBytes;
        }

        Store(c0_0, c0_1, c0_2, c0_3, heading, scales[0], y);
        Store(c1_0, c1_1, c1_2, c1_3, heading, scales[1], y + yStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(byte* x, byte* heading, int lines, float scale, float* y)
    {
        Vector256<int> c0 = default, c1 = default, c2 = default, c3 = default;
        sbyte* w = (sbyte*)heading + Int8Panels.Heading;
        for (int line = 0; line < lines; line++)
        {
            Sse.Prefetch1(w + 4096);
            Sse.Prefetch1(w + 4160);
            Vector256<byte> a = Vector256.Create(*(uint*)x).AsByte();
            c0 = AvxVnni.MultiplyWideningAndAdd(c0, a, Vector256.Load(w));
            c1 = AvxVnni.MultiplyWideningAndAdd(c1, a, Vector256.Load(w + 32));
            c2 = AvxVnni.MultiplyWideningAndAdd(c2, a, Vector256.Load(w + 64));
            c3 = AvxVnni.MultiplyWideningAndAdd(c3, a, Vector256.Load(w + 96));
            x += 4;
            w += Int8Panels.LineBytes;
        }

        Store(c0, c1, c2, c3, heading, scale, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<int> c0, Vector256<int> c1, Vector256<int> c2, Vector256<int> c3, byte* heading, float scale, float* y)
    {
        Vector256<float> scales = Vector256.Create(scale);
        Int8Kernel.Finish(c0, heading, 0, scales, y);
        Int8Kernel.Finish(c1, heading, 8, scales, y);
        Int8Kernel.Finish(c2, heading, 16, scales, y);
        Int8Kernel.Finish(c3, heading, 24, scales, y);
    }
}
