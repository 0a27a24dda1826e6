using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sluice.Engine.Quantization;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Activations of a row to bytes and a scale, as <see cref="Int8Activations.Row"/> defines them, to the bit.</summary>
/// <remarks>
/// The largest magnitude does not depend on the order it is looked for in. Conversion to int32 rounds to nearest, ties to even. Packing 32 numbers goes by
/// halves of registers, so four-byte groups come out as 0 4 1 5 2 6 3 7 of what went in, and are put in order at the end.
/// </remarks>
internal static unsafe class Int8Rows
{
    public static float Row(float* x, int count, byte* codes) => Isa.Avx2 ? Vector(x, count, codes) : Int8Activations.Row(x, count, codes);

    /// <summary>The same codes as int16, (count).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Words(float* x, int count, short* codes)
    {
        byte* bytes = (byte*)codes + count; // in the second half of the room: no word reaches a code that is still to be widened
        float scale = Row(x, count, bytes);
        int i = 0;
        for (; i + 16 <= count; i += 16)
            Avx2.ConvertToVector256Int16(bytes + i).Store(codes + i);
        for (; i < count; i++)
            codes[i] = bytes[i];
        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Vector(float* x, int count, byte* codes)
    {
        int body = count - (count % 32);
        Vector256<float> m0 = Vector256<float>.Zero, m1 = m0, m2 = m0, m3 = m0;
        for (int i = 0; i < body; i += 32)
        {
            m0 = Vector256.MaxNative(m0, Vector256.Abs(Vector256.Load(x + i)));
            m1 = Vector256.MaxNative(m1, Vector256.Abs(Vector256.Load(x + i + 8)));
            m2 = Vector256.MaxNative(m2, Vector256.Abs(Vector256.Load(x + i + 16)));
            m3 = Vector256.MaxNative(m3, Vector256.Abs(Vector256.Load(x + i + 24)));
        }

        float max = Across.Max(Vector256.MaxNative(Vector256.MaxNative(m0, m1), Vector256.MaxNative(m2, m3)));
        for (int i = body; i < count; i++)
            max = MathF.Max(max, MathF.Abs(x[i]));
        float inverse = Int8Activations.Inverse(max);
        Vector256<float> factor = Vector256.Create(inverse);
        Vector256<int> zero = Vector256.Create(Int8Activations.Zero);
        Vector256<int> order = Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7);
        for (int i = 0; i < body; i += 32)
        {
            Vector256<int> a = Avx.ConvertToVector256Int32(Vector256.Load(x + i) * factor) + zero;
            Vector256<int> b = Avx.ConvertToVector256Int32(Vector256.Load(x + i + 8) * factor) + zero;
            Vector256<int> c = Avx.ConvertToVector256Int32(Vector256.Load(x + i + 16) * factor) + zero;
            Vector256<int> d = Avx.ConvertToVector256Int32(Vector256.Load(x + i + 24) * factor) + zero;
            Vector256<byte> bytes = Avx2.PackUnsignedSaturate(Avx2.PackSignedSaturate(a, b), Avx2.PackSignedSaturate(c, d));
            Avx2.PermuteVar8x32(bytes.AsInt32(), order).AsByte().Store(codes + i);
        }

        for (int i = body; i < count; i++)
            codes[i] = (byte)((int)MathF.Round(x[i] * inverse) + Int8Activations.Zero);
        return Int8Activations.Scale(max);
    }
}
