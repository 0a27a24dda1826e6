namespace Sluice.Engine.Quantization;

/// <summary>
/// One token's activations as bytes: x = (code - 128) x scale, code from 1 to 255, scale = max |x| / 127. A token's codes depend on that token alone.
/// </summary>
internal static unsafe class Int8Activations
{
    /// <summary>What stands for 0.</summary>
    public const int Zero = 128;

    /// <summary>Tokens (and outputs) that are smaller than this throughout count as zeros: 127 over it is finite.</summary>
    public const float Smallest = 1e-30f;

    /// <summary>Codes of one row, rounded to nearest and ties to even; returns its scale. What every other form gives, to the bit.</summary>
    public static float Row(float* x, int count, byte* codes)
    {
        float max = 0;
        for (int i = 0; i < count; i++)
            max = MathF.Max(max, MathF.Abs(x[i]));
        float inverse = Inverse(max);
        for (int i = 0; i < count; i++)
            codes[i] = (byte)((int)MathF.Round(x[i] * inverse) + Zero);
        return Scale(max);
    }

    public static float Inverse(float max) => max < Smallest ? 0 : 127 / max;

    public static float Scale(float max) => max < Smallest ? 0 : max / 127;
}
