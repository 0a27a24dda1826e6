using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Sluice.Engine.Weights;

namespace Sluice.Tuning.Training;

/// <summary>Writes trained weights as <c>model.safetensors</c> in bfloat16 (rounded to nearest even), names in order.</summary>
internal static class CheckpointWriter
{
    /// <exception cref="ModelFormatException">A weight is infinite or not a number; nothing is written.</exception>
    public static void Write(string path, Parameters<float> parameters)
    {
        ParameterTensor[] tensors = [.. parameters.Tensors.OrderBy(t => t.Name, StringComparer.Ordinal)];
        foreach (ParameterTensor tensor in tensors)
        {
            int other = Array.FindIndex(parameters.Values, tensor.Offset, tensor.Length, value => float.IsNaN(value) || (Narrow(value) & 0x7F80) == 0x7F80);
            if (other >= 0)
                throw new ModelFormatException($"tensor '{tensor.Name}': expected finite weights after training, found {parameters.Values[other]} at element {other - tensor.Offset}");
        }
        using MemoryStream header = new();
        using (Utf8JsonWriter writer = new(header))
        {
            writer.WriteStartObject();
            long offset = 0;
            foreach (ParameterTensor tensor in tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", "BF16");
                writer.WriteStartArray("shape");
                if (tensor.Rows > 1)
                {
                    writer.WriteNumberValue(tensor.Rows);
                }
                writer.WriteNumberValue(tensor.Columns);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(offset);
                writer.WriteNumberValue(offset += 2L * tensor.Length);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        int padding = (int)(-header.Length & 7);
        using FileStream file = File.Create(path);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length + padding);
        file.Write(length);
        file.Write(header.GetBuffer().AsSpan(0, (int)header.Length));
        file.Write("        "u8[..padding]);
        foreach (ParameterTensor tensor in tensors)
        {
            ushort[] narrow = Array.ConvertAll(parameters.Values[tensor.Offset..(tensor.Offset + tensor.Length)], Narrow);
            file.Write(MemoryMarshal.AsBytes(narrow.AsSpan()));
        }
    }

    private static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
