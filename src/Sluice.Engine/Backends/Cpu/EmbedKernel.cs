using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Quantization;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>y(row) = output tokens(row) of a packed table, read across its panel: one cache line per element, some hundred lines per token.</summary>
internal static unsafe class EmbedKernel
{
    public static void Row(int token, WeightMatrix table, float* y)
    {
        if (table.Format == WeightFormat.Int8)
            Int8Panels.Widen(table.Buffer.Data, table.Inputs, token, y);
        else if (table.Format == WeightFormat.Int4)
            Int4Panels.Widen(table.Buffer.Data, table.Inputs, token, y);
        else if (table.Paired)
            PairPanels.Widen(table.Buffer.Data, table.Inputs, token, y);
        else
            Widen(table.Buffer.Data + PanelPacker.Offset(table.Storage, table.Inputs, token), PanelPacker.Width * table.Storage.Size(), table.Storage, y, table.Inputs);
    }

    /// <summary>The weights of one output, a line apart, as float32.</summary>
    public static void Widen(byte* source, int line, DataType storage, float* target, int count)
    {
        switch (storage)
        {
            case DataType.Float32:
                for (int i = 0; i < count; i++)
                    target[i] = *(float*)(source + ((long)i * line));
                break;
            case DataType.Float16:
                for (int i = 0; i < count; i++)
                    target[i] = (float)*(Half*)(source + ((long)i * line));
                break;
            default:
                for (int i = 0; i < count; i++)
                    target[i] = BitConverter.Int32BitsToSingle(*(ushort*)(source + ((long)i * line)) << 16);
                break;
        }
    }
}
