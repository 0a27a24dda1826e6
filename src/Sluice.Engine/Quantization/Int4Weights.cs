using Sluice.Engine.Weights;

namespace Sluice.Engine.Quantization;

/// <summary>
/// One output's weights in groups of 128 as half bytes: w = code x scale + offset, code from 0 to 15, scale and offset bfloat16. They begin with the
/// group's smallest and largest weight, and are then fitted by least squares to the codes that they gave, as long as the error falls.
/// </summary>
internal static class Int4Weights
{
    public const int Group = 128;
    private const int Fits = 4;

    public static int Groups(int inputs) => (inputs + Group - 1) / Group;

    /// <summary>The weight, rounded once.</summary>
    public static float Value(int code, float scale, float offset) => (float)(((double)code * scale) + offset);

    /// <summary>Codes of one row's group; returns scale in the low and offset in the high half.</summary>
    public static uint Pack(TensorView part, int row, int group, Span<byte> codes)
    {
        Span<float> values = stackalloc float[Math.Min(Group, part.Columns - (group * Group))];
        float low = float.PositiveInfinity, high = float.NegativeInfinity;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = part[row, (group * Group) + i];
            low = MathF.Min(low, values[i]);
            high = MathF.Max(high, values[i]);
        }

        if (!float.IsFinite(low) || !float.IsFinite(high))
            throw new ModelFormatException($"tensor '{part.Name}': expected finite numbers to quantize, found others in row {row}");
        Span<byte> tried = stackalloc byte[values.Length];
        uint best = 0;
        double least = double.PositiveInfinity;
        (double scale, double offset) = ((high - low) / 15, low);
        for (int fit = 0; fit < Fits; fit++)
        {
            uint word = Narrow((float)scale) | ((uint)Narrow((float)offset) << 16);
            double error = Encode(values, ScaleOf(word), OffsetOf(word), tried);
            if (error >= least)
                break;
            least = error;
            best = word;
            tried.CopyTo(codes);
            (scale, offset) = Fit(values, tried, scale, offset);
        }

        return best;
    }

    public static float ScaleOf(uint word) => BitConverter.UInt32BitsToSingle(word << 16);

    public static float OffsetOf(uint word) => BitConverter.UInt32BitsToSingle(word & 0xFFFF0000);

    /// <summary>Nearest codes; returns the sum of squared errors.</summary>
    private static double Encode(ReadOnlySpan<float> values, float scale, float offset, Span<byte> codes)
    {
        float inverse = scale == 0 ? 0 : 1 / scale;
        double error = 0;
        for (int i = 0; i < values.Length; i++)
        {
            codes[i] = (byte)Math.Clamp(MathF.Round((values[i] - offset) * inverse), 0, 15);
            double off = values[i] - Value(codes[i], scale, offset);
            error += off * off;
        }

        return error;
    }

    private static (double Scale, double Offset) Fit(ReadOnlySpan<float> values, ReadOnlySpan<byte> codes, double scale, double offset)
    {
        double n = values.Length, sumCode = 0, sumValue = 0, codeCode = 0, codeValue = 0;
        for (int i = 0; i < values.Length; i++)
        {
            sumCode += codes[i];
            sumValue += values[i];
            codeCode += codes[i] * codes[i];
            codeValue += codes[i] * (double)values[i];
        }

        double spread = (n * codeCode) - (sumCode * sumCode);
        if (spread == 0)
            return (scale, offset);
        double slope = ((n * codeValue) - (sumCode * sumValue)) / spread;
        return (slope, (sumValue - (slope * sumCode)) / n);
    }

    private static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
