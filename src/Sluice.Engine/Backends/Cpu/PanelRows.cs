using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// One line of a panel: the weights of 32 outputs for one input. Float32 lines are outputs 0 to 31 in order. Lines of 16-bit types are sixteen words whose
/// low half is output i and whose high half is output i + 16, so that a shift and a mask widen a register in place.
/// </summary>
internal unsafe interface IPanelRow
{
    /// <summary>Bytes of a line.</summary>
    static abstract int Bytes { get; }

    /// <summary>Outputs 0 to 15 and 16 to 31.</summary>
    static abstract void Widen(byte* line, out Vector512<float> low, out Vector512<float> high);

    /// <summary>Outputs 8 h to 8 h + 7 and 16 + 8 h to 23 + 8 h.</summary>
    static abstract void WidenHalf(byte* line, int h, out Vector256<float> low, out Vector256<float> high);
}

internal readonly unsafe struct Float32Row : IPanelRow
{
    public static int Bytes => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* line, out Vector512<float> low, out Vector512<float> high)
    {
        low = Vector512.Load((float*)line);
        high = Vector512.Load((float*)line + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenHalf(byte* line, int h, out Vector256<float> low, out Vector256<float> high)
    {
        low = Vector256.Load((float*)line + (8 * h));
        high = Vector256.Load((float*)line + 16 + (8 * h));
    }
}

internal readonly unsafe struct BFloat16Row : IPanelRow
{
    public static int Bytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* line, out Vector512<float> low, out Vector512<float> high)
    {
        Vector512<uint> words = Vector512.Load((uint*)line);
        low = (words << 16).AsSingle();
        high = (words & Vector512.Create(0xFFFF0000)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenHalf(byte* line, int h, out Vector256<float> low, out Vector256<float> high)
    {
        Vector256<uint> words = Vector256.Load((uint*)line + (8 * h));
        low = (words << 16).AsSingle();
        high = (words & Vector256.Create(0xFFFF0000)).AsSingle();
    }
}

/// <remarks>
/// Sign, five bits of exponent and ten of fraction are moved to where float32 has them and the result multiplied by 2^112, which sets the exponent's
/// bias right and is exact for subnormal numbers too. Infinities do not survive; the loader lets none in.
/// </remarks>
internal readonly unsafe struct Float16Row : IPanelRow
{
    private const uint Kept = 0x8FFFE000;

    public static int Bytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* line, out Vector512<float> low, out Vector512<float> high)
    {
        Vector512<int> words = Vector512.Load((int*)line);
        Vector512<float> bias = Vector512.Create(BitConverter.UInt32BitsToSingle((127 + 112) << 23));
        low = (((words << 16) >> 3).AsUInt32() & Vector512.Create(Kept)).AsSingle() * bias;
        high = ((words >> 3).AsUInt32() & Vector512.Create(Kept)).AsSingle() * bias;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenHalf(byte* line, int h, out Vector256<float> low, out Vector256<float> high)
    {
        Vector256<int> words = Vector256.Load((int*)line + (8 * h));
        Vector256<float> bias = Vector256.Create(BitConverter.UInt32BitsToSingle((127 + 112) << 23));
        low = (((words << 16) >> 3).AsUInt32() & Vector256.Create(Kept)).AsSingle() * bias;
        high = ((words >> 3).AsUInt32() & Vector256.Create(Kept)).AsSingle() * bias;
    }
}
