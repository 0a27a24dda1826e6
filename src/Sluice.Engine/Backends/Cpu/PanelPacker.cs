using System.Runtime.ExceptionServices;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Row-major weights to panels of 32 outputs, (panels, inputs, 32), in their storage type; missing outputs of a last panel are zeros.</summary>
internal static unsafe class PanelPacker
{
    public const int Width = 32;

    public static long Bytes(DataType type, int rows, int columns) => (long)Matrix.Padded(rows) * columns * type.Size();

    /// <summary>Parts of different types are stored as float32, the one type that holds them all.</summary>
    public static WeightMatrix Pack(ReadOnlySpan<TensorView> parts)
    {
        DataType storage = parts[0].Type;
        foreach (TensorView part in parts)
            storage = part.Type == storage ? storage : DataType.Float32;

        int inputs = parts[0].Columns;
        NativeBuffer buffer = new(Bytes(storage, WeightMatrix.PaddedRows(parts), inputs));
        WeightMatrix packed = new(parts, storage, buffer);
        for (int i = 0; i < parts.Length; i++)
        {
            TensorView part = parts[i];
            int first = packed.Offset(i);

            // Outputs of a panel share lines: one thread has a whole panel.
            Fill(packed, () => Parallel.For(0, Matrix.Padded(part.Rows) / Width, panel => PackPanel(part, panel, buffer.Data, first, storage)));
        }

        return packed;
    }

    /// <summary>Lets threads fill a matrix. What one of them throws comes out as it is; the matrix is disposed then.</summary>
    public static void Fill(WeightMatrix packed, Action threads)
    {
        try
        {
            threads();
        }
        catch (AggregateException all)
        {
            packed.Dispose();
            ExceptionDispatchInfo.Throw(all.InnerExceptions[0]);
        }
    }

    /// <summary>Byte offset of an output's first weight; the next input's is a line further.</summary>
    public static long Offset(DataType storage, int inputs, int output)
    {
        long panel = (long)(output / Width) * inputs * Width * storage.Size();
        int column = output % Width;
        return panel + (storage == DataType.Float32 ? column * 4 : (column % 16 * 4) + (column / 16 * 2));
    }

    private static void PackPanel(TensorView part, int panel, byte* buffer, int first, DataType storage)
    {
        for (int row = panel * Width; row < Math.Min(part.Rows, (panel + 1) * Width); row++)
            PackRow(part, row, buffer, first + row, storage);
    }

    private static void PackRow(TensorView part, int row, byte* buffer, int output, DataType storage)
    {
        byte* target = buffer + Offset(storage, part.Columns, output);
        int line = Width * storage.Size();
        if (storage == DataType.Float32)
        {
            for (int i = 0; i < part.Columns; i++)
                *(float*)(target + ((long)i * line)) = part[row, i];
            return;
        }

        ushort* source = (ushort*)part.Data + ((long)row * part.Columns);
        for (int i = 0; i < part.Columns; i++)
            *(ushort*)(target + ((long)i * line)) = source[i];
    }
}
