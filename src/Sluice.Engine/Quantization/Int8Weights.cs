using Sluice.Engine.Weights;

namespace Sluice.Engine.Quantization;

/// <summary>One output's weights as bytes: w = code x scale, code from -127 to 127, scale = max |w| / 127.</summary>
internal static class Int8Weights
{
    /// <summary>Most inputs whose exact sum of products (255 x 127 each at the most) fits an int32.</summary>
    public const int MostInputs = int.MaxValue / (255 * 127);

    /// <summary>Codes of one row; returns its scale, 0 for a row of zeros.</summary>
    public static float Row(TensorView part, int row, Span<sbyte> codes)
    {
        float max = 0;
        for (int i = 0; i < part.Columns; i++)
            max = MathF.Max(max, MathF.Abs(part[row, i]));
        if (!float.IsFinite(max))
            throw new ModelFormatException($"tensor '{part.Name}': expected finite numbers to quantize, found {max} in row {row}");
        if (max < Int8Activations.Smallest)
        {
            codes[..part.Columns].Clear();
            return 0;
        }

        float inverse = 127 / max;
        for (int i = 0; i < part.Columns; i++)
            codes[i] = (sbyte)MathF.Round(part[row, i] * inverse);
        return max / 127;
    }
}
