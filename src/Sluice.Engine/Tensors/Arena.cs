namespace Sluice.Engine.Tensors;

/// <summary>One block of memory for everything a step needs, handed out once at load and never returned.</summary>
internal sealed unsafe class Arena(long bytes) : IDisposable
{
    private readonly NativeBuffer _buffer = new(bytes);
    private long _used;

    public long Bytes => _buffer.Bytes;

    public static long BytesOf(int rows, int columns) => (long)rows * Matrix.StrideOf(columns) * sizeof(float);

    /// <summary>Zeros; rows are cache-line aligned.</summary>
    public Matrix Take(int rows, int columns)
    {
        long bytes = BytesOf(rows, columns);
        if (bytes > Bytes - _used)
            throw new InvalidOperationException($"arena of {Bytes} bytes: {_used} used, {bytes} wanted");
        Matrix matrix = new((float*)(_buffer.Data + _used), rows, columns, Matrix.StrideOf(columns));
        _used += bytes;
        return matrix;
    }

    public void Dispose() => _buffer.Dispose();
}
