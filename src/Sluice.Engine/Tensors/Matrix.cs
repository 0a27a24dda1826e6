namespace Sluice.Engine.Tensors;

/// <summary>
/// Rows of float32 in memory owned elsewhere. Each row has room for a multiple of 32 columns; what stands in the room beyond
/// <see cref="Columns"/> means nothing, and kernels may read and write it.
/// </summary>
internal readonly unsafe struct Matrix(float* data, int rows, int columns, int stride)
{
    /// <summary>Columns that rows are padded to.</summary>
    public const int Padding = 32;

    /// <summary>(rows, stride)</summary>
    public float* Data { get; } = data;

    public int Rows { get; } = rows;
    public int Columns { get; } = columns;

    /// <summary>Elements from row to row.</summary>
    public int Stride { get; } = stride;

    public static int Padded(int columns) => (columns + Padding - 1) / Padding * Padding;

    /// <summary>
    /// An odd number of cache lines (16 elements): rows that lie a power of two apart fall into the same few sets of the first-level cache,
    /// and a tile of twelve of them would not fit.
    /// </summary>
    public static int StrideOf(int columns) => Padded(columns) + 16;

    public float* Row(int row) => Data + ((long)row * Stride);

    public ReadOnlySpan<float> Span(int row) => new(Row(row), Columns);

    public Matrix Top(int rows) => new(Data, rows, Columns, Stride);

    public Matrix Slice(int column, int columns) => new(Data + column, Rows, columns, Stride);
}
