using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y(row, output) = (sum over k of (x(row, k) - 128) x w(output, k)) x scale(output) x scale(row), x and w bytes.</summary>
/// <remarks>
/// The sum is of x x w, exact in int32, and 128 x the output's codes is taken off at the end: so every form, blocking and number of rows gives the same
/// bits. Conversion to float32 and the two multiplications come in this order everywhere.
/// </remarks>
internal static unsafe class Int8Kernel
{
    /// <summary>Which form runs; for tests that try each.</summary>
    public static string Form => AvxVnni.IsSupported && Isa.Avx2 ? "vnni256" : Isa.Avx2 ? "avx2" : "scalar";

    /// <summary>Panels [from, to) of a product.</summary>
    public static void Panels(in Int8Work work, int from, int to)
    {
        if (AvxVnni.IsSupported && Isa.Avx2)
            Int8Vnni.Run(work, from, to);
        else if (Isa.Avx2)
            Avx2Form(work, from, to);
        else
            Scalar(work, from, to);
    }

    public static void Scalar(in Int8Work work, int from, int to)
    {
        for (int panel = from; panel < to; panel++)
        {
            byte* heading = work.Weights + (panel * work.PanelBytes);
            for (int column = 0; column < PanelPacker.Width; column++)
            {
                sbyte* w = (sbyte*)(heading + Int8Panels.Heading) + (column * 4);
                for (int row = 0; row < work.Rows; row++)
                {
                    byte* x = work.X.Row(row);
                    int sum = 0;
                    for (int line = 0; line < work.Lines; line++)
                    {
                        sbyte* four = w + (line * Int8Panels.LineBytes);
                        sum += (x[0] * four[0]) + (x[1] * four[1]) + (x[2] * four[2]) + (x[3] * four[3]);
                        x += 4;
                    }

                    sum -= ((int*)heading)[PanelPacker.Width + column];
                    work.Y[(row * work.YStride) + (panel * PanelPacker.Width) + column] = sum * ((float*)heading)[column] * work.X.Scales[row];
                }
            }
        }
    }

    /// <summary>Without VNNI: both factors widened to int16, products added in pairs to int32, which cannot saturate. Register j holds two half sums each of outputs 4 j to 4 j + 3.</summary>
    public static void Avx2Form(in Int8Work work, int from, int to)
    {
        for (int start = 0; start < work.Rows; start += work.BlockRows)
        {
            int end = Math.Min(work.Rows, start + work.BlockRows);
            for (int panel = from; panel < to; panel++)
            {
                for (int row = start; row < end; row++)
                    Avx2Row(work.X.Row(row), work.Weights + (panel * work.PanelBytes), work.Lines, work.X.Scales[row], work.Y + (row * work.YStride) + (panel * PanelPacker.Width));
            }
        }
    }

    /// <summary>Eight finished sums to y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish(Vector256<int> sums, byte* heading, int column, Vector256<float> scale, float* y)
    {
        Vector256<int> exact = sums - Vector256.Load((int*)heading + PanelPacker.Width + column);
        (Avx.ConvertToVector256Single(exact) * Vector256.Load((float*)heading + column) * scale).Store(y + column);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Avx2Row(byte* x, byte* heading, int lines, float scale, float* y)
    {
        Vector256<int> c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default, c6 = default, c7 = default;
        sbyte* w = (sbyte*)heading + Int8Panels.Heading;
        for (int line = 0; line < lines; line++)
        {
            Vector128<short> four = Sse41.ConvertToVector128Int16(Vector128.CreateScalarUnsafe(*(uint*)x).AsByte());
            Vector256<short> a = Avx2.BroadcastScalarToVector256(four.AsUInt64()).AsInt16();
            c0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w), a);
            c1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 16), a);
            c2 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 32), a);
            c3 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 48), a);
            c4 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 64), a);
            c5 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 80), a);
            c6 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 96), a);
            c7 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(w + 112), a);
            x += 4;
            w += Int8Panels.LineBytes;
        }

        Vector256<float> scales = Vector256.Create(scale);
        Finish(Pairs(c0, c1), heading, 0, scales, y);
        Finish(Pairs(c2, c3), heading, 8, scales, y);
        Finish(Pairs(c4, c5), heading, 16, scales, y);
        Finish(Pairs(c6, c7), heading, 24, scales, y);
    }

    // The addition works in halves: outputs 0 1 4 5 2 3 6 7, in pairs to be swapped.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Pairs(Vector256<int> a, Vector256<int> b) =>
        Avx2.Permute4x64(Avx2.HorizontalAdd(a, b).AsInt64(), 0b11_01_10_00).AsInt32();
}
