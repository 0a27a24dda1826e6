using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// Weights as half bytes in panels of 32 outputs, groups of 128 inputs one after the other: 32 words (scale and offset of each output, as
/// <see cref="Int4Weights"/> packs them), then 128 lines of 16 bytes: byte i holds output i in its low and output i + 16 in its high half.
/// </summary>
internal static unsafe class Int4Panels
{
    public const int Heading = 128;
    public const int LineBytes = 16;
    public const int GroupBytes = Heading + (Int4Weights.Group * LineBytes);

    public static nint PanelBytes(int inputs) => (nint)Int4Weights.Groups(inputs) * GroupBytes;

    public static long Bytes(int rows, int columns) => (long)Matrix.Padded(rows) / PanelPacker.Width * PanelBytes(columns);

    public static WeightMatrix Pack(ReadOnlySpan<TensorView> parts)
    {
        int inputs = parts[0].Columns;
        NativeBuffer buffer = new(Bytes(WeightMatrix.PaddedRows(parts), inputs));
        WeightMatrix packed = new(parts, DataType.Float32, buffer, WeightFormat.Int4);
        for (int i = 0; i < parts.Length; i++)
        {
            TensorView part = parts[i];
            int first = packed.Offset(i);

            // Outputs i and i + 16 share bytes: one thread has a whole panel.
            PanelPacker.Fill(packed, () => Parallel.For(0, Matrix.Padded(part.Rows) / PanelPacker.Width, panel => PackPanel(part, panel, buffer.Data, first)));
        }

        return packed;
    }

    /// <summary>The weights of one output as float32.</summary>
    public static void Widen(byte* weights, int inputs, int output, float* target)
    {
        byte* panel = weights + (output / PanelPacker.Width * PanelBytes(inputs));
        int column = output % PanelPacker.Width;
        for (int i = 0; i < inputs; i++)
        {
            byte* group = panel + ((long)(i / Int4Weights.Group) * GroupBytes);
            int pair = group[Heading + (i % Int4Weights.Group * LineBytes) + (column % 16)];
            uint word = ((uint*)group)[column];
            target[i] = Int4Weights.Value(column < 16 ? pair & 15 : pair >> 4, Int4Weights.ScaleOf(word), Int4Weights.OffsetOf(word));
        }
    }

    private static void PackPanel(TensorView part, int panel, byte* buffer, int first)
    {
        Span<byte> codes = stackalloc byte[Int4Weights.Group];
        for (int row = panel * PanelPacker.Width; row < Math.Min(part.Rows, (panel + 1) * PanelPacker.Width); row++)
        {
            int column = row % PanelPacker.Width;
            byte* target = buffer + ((first + row) / PanelPacker.Width * PanelBytes(part.Columns));
            for (int group = 0; group < Int4Weights.Groups(part.Columns); group++, target += GroupBytes)
            {
                ((uint*)target)[column] = Int4Weights.Pack(part, row, group, codes);
                int count = Math.Min(Int4Weights.Group, part.Columns - (group * Int4Weights.Group));
                for (int i = 0; i < count; i++)
                    target[Heading + (i * LineBytes) + (column % 16)] |= (byte)(codes[i] << (column / 16 * 4));
            }
        }
    }
}
