using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>Weights as bfloat16 in panels of 32 outputs, lines of 128 bytes: two inputs of output 0, of output 1, and so on. A missing last input is 0.</summary>
internal static unsafe class PairPanels
{
    private const int LineBytes = 128;

    public static int Lines(int inputs) => (inputs + 1) / 2;

    public static nint PanelBytes(int inputs) => (nint)Lines(inputs) * LineBytes;

    public static long Bytes(int rows, int columns) => (long)Matrix.Padded(rows) / PanelPacker.Width * PanelBytes(columns);

    /// <summary>Every part bfloat16.</summary>
    public static WeightMatrix Pack(ReadOnlySpan<TensorView> parts)
    {
        int inputs = parts[0].Columns;
        NativeBuffer buffer = new(Bytes(WeightMatrix.PaddedRows(parts), inputs));
        WeightMatrix packed = new(parts, DataType.BFloat16, buffer) { Paired = true };
        for (int i = 0; i < parts.Length; i++)
        {
            TensorView part = parts[i];
            int first = packed.Offset(i);

            // Outputs of a panel share lines: one thread has a whole panel.
            PanelPacker.Fill(packed, () => Parallel.For(0, Matrix.Padded(part.Rows) / PanelPacker.Width, panel => PackPanel(part, panel, buffer.Data, first)));
        }

        return packed;
    }

    /// <summary>The weights of one output as float32.</summary>
    public static void Widen(byte* weights, int inputs, int output, float* target)
    {
        ushort* source = First(weights, inputs, output);
        for (int k = 0; k < inputs; k++)
            target[k] = BitConverter.UInt32BitsToSingle((uint)source[At(k)] << 16);
    }

    private static void PackPanel(TensorView part, int panel, byte* buffer, int first)
    {
        for (int row = panel * PanelPacker.Width; row < Math.Min(part.Rows, (panel + 1) * PanelPacker.Width); row++)
        {
            ushort* source = (ushort*)part.Data + ((long)row * part.Columns);
            ushort* target = First(buffer, part.Columns, first + row);
            for (int k = 0; k < part.Columns; k++)
                target[At(k)] = source[k];
        }
    }

    private static ushort* First(byte* weights, int inputs, int output) =>
        (ushort*)(weights + (output / PanelPacker.Width * PanelBytes(inputs))) + (output % PanelPacker.Width * 2);

    private static long At(int input) => ((long)(input / 2) * (LineBytes / sizeof(ushort))) + (input % 2);
}
