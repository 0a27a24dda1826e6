namespace Sluice.Engine.Tensors;

/// <summary>The upper half of a float32's bits.</summary>
internal static class BFloat16
{
    /// <summary>To nearest, ties to even; not a number stays none.</summary>
    public static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    public static float Widen(ushort half) => BitConverter.UInt32BitsToSingle((uint)half << 16);
}
