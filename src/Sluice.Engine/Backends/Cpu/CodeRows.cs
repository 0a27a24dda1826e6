using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Room for a step's activations in the form that a product reads them in: a scale per row, then rows of bytes or of bfloat16.</summary>
internal readonly unsafe struct CodeRows(byte* data, int most, int bytes)
{
    /// <summary>(rows)</summary>
    public float* Scales { get; } = (float*)data;

    /// <summary>From row to row: an odd number of cache lines, as <see cref="Matrix.StrideOf"/> has it.</summary>
    public nint Stride { get; } = StrideOf(bytes);

    private readonly byte* _rows = data + ScaleBytes(most);

    public static long Bytes(int rows, int bytes) => ScaleBytes(rows) + ((long)rows * StrideOf(bytes));

    public byte* Row(int row) => _rows + (row * Stride);

    private static long ScaleBytes(int rows) => ((rows * 4L) + 63) / 64 * 64;

    private static int StrideOf(int bytes)
    {
        int lines = (bytes + 63) / 64;
        return (lines + 1 - (lines % 2)) * 64;
    }
}
