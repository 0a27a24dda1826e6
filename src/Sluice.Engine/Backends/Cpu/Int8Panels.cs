using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// Weights as bytes in panels of 32 outputs: 32 scales (float32), 32 corrections (int32: 128 x sum of the output's codes, what the activations' zero adds
/// to its sum), then lines of 128 bytes: the codes of 4 inputs for output 0, for output 1, and so on. Missing inputs and outputs are zeros.
/// </summary>
internal static unsafe class Int8Panels
{
    public const int Heading = 256;
    public const int LineBytes = 128;

    /// <summary>Lines of a panel: inputs in fours.</summary>
    public static int Lines(int inputs) => (inputs + 3) / 4;

    public static nint PanelBytes(int inputs) => Heading + ((nint)Lines(inputs) * LineBytes);

    public static long Bytes(int rows, int columns) => (long)Matrix.Padded(rows) / PanelPacker.Width * PanelBytes(columns);

    public static WeightMatrix Pack(ReadOnlySpan<TensorView> parts)
    {
        int inputs = parts[0].Columns;
        if (inputs > Int8Weights.MostInputs)
            throw new ModelFormatException($"tensor '{parts[0].Name}': expected at most {Int8Weights.MostInputs} inputs to quantize to int8, found {inputs}");
        NativeBuffer buffer = new(Bytes(WeightMatrix.PaddedRows(parts), inputs));
        WeightMatrix packed = new(parts, DataType.Float32, buffer, WeightFormat.Int8);
        for (int i = 0; i < parts.Length; i++)
        {
            TensorView part = parts[i];
            int first = packed.Offset(i);
            PanelPacker.Fill(packed, () => Parallel.For(0, part.Rows, () => new sbyte[part.Columns], (row, _, codes) => PackRow(part, row, codes, buffer.Data, first + row), _ => { }));
        }

        return packed;
    }

    /// <summary>The weights of one output as float32.</summary>
    public static void Widen(byte* weights, int inputs, int output, float* target)
    {
        byte* panel = weights + (output / PanelPacker.Width * PanelBytes(inputs));
        int column = output % PanelPacker.Width;
        float scale = ((float*)panel)[column];
        sbyte* codes = (sbyte*)(panel + Heading) + (column * 4);
        for (int i = 0; i < inputs; i++)
            target[i] = codes[(i / 4 * LineBytes) + (i % 4)] * scale;
    }

    // Returns the room for codes, for the next row.
    private static sbyte[] PackRow(TensorView part, int row, sbyte[] codes, byte* buffer, int output)
    {
        byte* panel = buffer + (output / PanelPacker.Width * PanelBytes(part.Columns));
        int column = output % PanelPacker.Width;
        ((float*)panel)[column] = Int8Weights.Row(part, row, codes);
        sbyte* target = (sbyte*)(panel + Heading) + (column * 4);
        int sum = 0;
        for (int i = 0; i < codes.Length; i++)
        {
            target[(i / 4 * LineBytes) + (i % 4)] = codes[i];
            sum += codes[i];
        }

        ((int*)panel)[PanelPacker.Width + column] = sum * Int8Activations.Zero;
        return codes;
    }
}
