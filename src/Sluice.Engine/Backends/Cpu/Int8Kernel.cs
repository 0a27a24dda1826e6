using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y(row, output) = (sum over k of (x(row, k) - 128) x w(output, k)) x scale(output) x scale(row), x and w bytes; x as int16 where <see cref="Rows"/> says so.</summary>
/// <remarks>
/// The sum is of x x w, exact in int32, and 128 x the output's codes is taken off at the end: so every form, blocking and number of rows gives the same
/// bits. Conversion to float32 and the two multiplications come in this order everywhere.
/// </remarks>
internal static unsafe class Int8Kernel
{
    /// <summary>What <see cref="Panels"/> reads activations as.</summary>
    public static RowForm Rows => Isa.Avx2 && !AvxVnni.IsSupported ? RowForm.Words : RowForm.Bytes;

    /// <summary>Panels [from, to) of a product.</summary>
    public static void Panels(in Int8Work work, int from, int to)
    {
        if (AvxVnni.IsSupported && Isa.Avx2)
            Int8Vnni.Run(work, from, to);
        else if (Isa.Avx2)
            Int8Avx2.Run(work, from, to);
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

    /// <summary>Eight finished sums to y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish(Vector256<int> sums, byte* heading, int column, Vector256<float> scale, float* y)
    {
        Vector256<int> exact = sums - Vector256.Load((int*)heading + PanelPacker.Width + column);
        (Avx.ConvertToVector256Single(exact) * Vector256.Load((float*)heading + column) * scale).Store(y + column);
    }
}
