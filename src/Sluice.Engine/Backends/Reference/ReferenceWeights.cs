using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Reference;

/// <summary>Weights as (outputs, inputs) of float32, row-major; int8 ones as their codes, followed by a scale per output.</summary>
internal static unsafe class ReferenceWeights
{
    public static long Bytes(int rows, int columns) => (long)Matrix.Padded(rows) * (columns + 1) * sizeof(float);

    /// <summary>(padded outputs)</summary>
    public static float* Scales(WeightMatrix weights) => weights.Buffer.Floats + ((long)weights.PaddedOutputs * weights.Inputs);

    public static WeightMatrix Pack(ReadOnlySpan<TensorView> parts, WeightFormat format)
    {
        int inputs = parts[0].Columns;
        NativeBuffer buffer = new(Bytes(WeightMatrix.PaddedRows(parts), inputs));
        WeightMatrix packed = new(parts, DataType.Float32, buffer, format);
        for (int part = 0; part < parts.Length; part++)
        {
            for (int row = 0; row < parts[part].Rows; row++)
            {
                int output = packed.Offset(part) + row;
                float* target = buffer.Floats + ((long)output * inputs);
                if (format == WeightFormat.Int8)
                    Scales(packed)[output] = PackInt8(parts[part], row, target);
                else if (format == WeightFormat.Int4)
                    PackInt4(parts[part], row, target);
                else
                    PackStored(parts[part], row, target);
            }
        }

        return packed;
    }

    private static void PackStored(TensorView part, int row, float* target)
    {
        for (int i = 0; i < part.Columns; i++)
            target[i] = part[row, i];
    }

    private static float PackInt8(TensorView part, int row, float* target)
    {
        sbyte[] codes = new sbyte[part.Columns];
        float scale = Int8Weights.Row(part, row, codes);
        for (int i = 0; i < codes.Length; i++)
            target[i] = codes[i];
        return scale;
    }

    private static void PackInt4(TensorView part, int row, float* target)
    {
        byte[] codes = new byte[Int4Weights.Group];
        for (int group = 0; group < Int4Weights.Groups(part.Columns); group++)
        {
            uint word = Int4Weights.Pack(part, row, group, codes);
            for (int i = group * Int4Weights.Group; i < Math.Min(part.Columns, (group + 1) * Int4Weights.Group); i++)
                target[i] = Int4Weights.Value(codes[i % Int4Weights.Group], Int4Weights.ScaleOf(word), Int4Weights.OffsetOf(word));
        }
    }
}
