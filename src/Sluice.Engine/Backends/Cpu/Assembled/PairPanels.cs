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
            for (int row = 0; row < parts[i].Rows; row++)
            {
                ushort* source = (ushort*)parts[i].Data + ((long)row * inputs);
                ushort* target = First(buffer.Data, inputs, packed.Offset(i) + row);
                for (int k = 0; k < inputs; k++)
                    target[At(k)] = source[k];
            }
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

    private static ushort* First(byte* weights, int inputs, int output) =>
        (ushort*)(weights + (output / PanelPacker.Width * PanelBytes(inputs))) + (output % PanelPacker.Width * 2);

    private static long At(int input) => ((long)(input / 2) * (LineBytes / sizeof(ushort))) + (input % 2);
}
