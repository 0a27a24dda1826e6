namespace Sluice.Engine.Weights;

/// <summary>A two-dimensional weight as its file holds it, row-major; a vector has one row. Memory of the <see cref="Checkpoint"/>'s.</summary>
internal readonly unsafe struct TensorView(string name, DataType type, int rows, int columns, byte* data)
{
    public string Name { get; } = name;
    public DataType Type { get; } = type;
    public int Rows { get; } = rows;
    public int Columns { get; } = columns;

    /// <summary>(rows, columns) elements of <see cref="Type"/>; alignment 1.</summary>
    public byte* Data { get; } = data;

    public long Bytes => (long)Rows * Columns * Type.Size();

    public ReadOnlySpan<byte> RowBytes(int row) => new(Data + ((long)row * Columns * Type.Size()), Columns * Type.Size());

    /// <summary>The element as float32, exactly.</summary>
    public float this[int row, int column]
    {
        get
        {
            byte* at = Data + ((((long)row * Columns) + column) * Type.Size());
            return Type switch
            {
                DataType.Float32 => *(float*)at,
                DataType.Float16 => (float)*(Half*)at,
                _ => BitConverter.Int32BitsToSingle(*(ushort*)at << 16),
            };
        }
    }
}
