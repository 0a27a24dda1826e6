using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sluice.Engine.Weights;

/// <summary>Looks for numbers that are infinite or none: those whose bits of the exponent are all ones.</summary>
internal static class FiniteNumbers
{
    /// <summary>Index of the first such element of a type; -1 where all are finite.</summary>
    public static int FirstOther(ReadOnlySpan<byte> bytes, DataType type) => type switch
    {
        DataType.Float32 => FirstWith(MemoryMarshal.Cast<byte, uint>(bytes), 0x7F80_0000u),
        DataType.Float16 => FirstWith(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7C00),
        _ => FirstWith(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7F80),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int FirstWith<T>(ReadOnlySpan<T> elements, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<T> ones = Vector256.Create(exponent);
            while (i + Vector256<T>.Count <= elements.Length && !Vector256.EqualsAny(Vector256.Create(elements[i..]) & ones, ones))
                i += Vector256<T>.Count;
        }

        for (; i < elements.Length; i++)
        {
            if ((elements[i] & exponent) == exponent)
                return i;
        }

        return -1;
    }
}
