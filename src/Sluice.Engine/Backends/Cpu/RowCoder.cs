using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>What a product reads its activations as.</summary>
internal enum RowForm
{
    /// <summary>Float32, as they are.</summary>
    Floats,

    /// <summary>Bytes and a scale per row.</summary>
    Bytes,

    /// <summary>The same as int16.</summary>
    Words,

    /// <summary>bfloat16.</summary>
    Pairs,
}

/// <summary>Writes rows of activations in the form that the next product reads them in.</summary>
internal readonly unsafe struct RowCoder(RowForm form, CodeRows codes)
{
    public void Row(int row, float* x, int count)
    {
        if (form == RowForm.Bytes)
            codes.Scales[row] = Int8Rows.Row(x, count, codes.Row(row));
        else if (form == RowForm.Words)
            codes.Scales[row] = Int8Rows.Words(x, count, (short*)codes.Row(row));
        else if (form == RowForm.Pairs)
            BFloat16Rows.Row(x, count, (ushort*)codes.Row(row));
    }
}

/// <summary>Rows to another form, shared out by rows.</summary>
internal struct RowCoderWork : IWork
{
    public Matrix X;
    public RowCoder Coder;

    public readonly unsafe void Run(int worker, int workers)
    {
        for (int row = X.Rows * worker / workers; row < X.Rows * (worker + 1) / workers; row++)
            Coder.Row(row, X.Row(row), X.Columns);
    }
}
