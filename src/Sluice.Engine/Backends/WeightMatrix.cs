using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends;

/// <summary>
/// Weights of one or several linear layers with the same input, in the layout of the backend that packed them. Multiplied as one: output columns of
/// part p are [Offset(p), Offset(p) + Size(p)); each part begins on a border of 32 columns.
/// </summary>
internal sealed class WeightMatrix : IDisposable
{
    private readonly int[] _offsets;
    private readonly int[] _sizes;

    public WeightMatrix(ReadOnlySpan<TensorView> parts, DataType storage, NativeBuffer buffer, WeightFormat format = WeightFormat.Stored)
    {
        _offsets = new int[parts.Length];
        _sizes = new int[parts.Length];
        int next = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            _offsets[i] = next;
            _sizes[i] = parts[i].Rows;
            next += Matrix.Padded(parts[i].Rows);
        }

        Inputs = parts[0].Columns;
        Storage = storage;
        Format = format;
        Buffer = buffer;
    }

    /// <summary>Columns of the input, K.</summary>
    public int Inputs { get; }

    /// <summary>Columns of the output, gaps between parts included.</summary>
    public int Outputs => _offsets[^1] + _sizes[^1];

    /// <summary><see cref="Outputs"/> rounded up to 32.</summary>
    public int PaddedOutputs => Matrix.Padded(Outputs);

    public WeightFormat Format { get; }

    /// <summary>Of <see cref="WeightFormat.Stored"/> weights.</summary>
    public DataType Storage { get; }

    /// <summary>Stored bfloat16 with two inputs of an output side by side, as assembled kernels read them.</summary>
    public bool Paired { get; init; }

    public NativeBuffer Buffer { get; }

    public int Parts => _sizes.Length;

    public int Offset(int part) => _offsets[part];

    public int Size(int part) => _sizes[part];

    public static int PaddedRows(ReadOnlySpan<TensorView> parts)
    {
        int rows = 0;
        foreach (TensorView part in parts)
            rows += Matrix.Padded(part.Rows);
        return rows;
    }

    public void Dispose() => Buffer.Dispose();
}
