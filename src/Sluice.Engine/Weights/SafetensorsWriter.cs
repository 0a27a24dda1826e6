using System.Buffers.Binary;
using System.Text.Json;

namespace Sluice.Engine.Weights;

/// <summary>Writes a safetensors file: the header of all tensors, then their data in the same order.</summary>
internal static class SafetensorsWriter
{
    /// <param name="path">File to write.</param>
    /// <param name="type">Type of every tensor.</param>
    /// <param name="tensors">Names and shapes, outermost first.</param>
    /// <param name="fill">Writes the elements of one tensor as float32; they are rounded to the type, to nearest and ties to even.</param>
    public static void Write(string path, DataType type, IReadOnlyList<(string Name, int[] Shape)> tensors, Action<string, int[], float[]> fill)
    {
        byte[] header = Header(type, tensors);
        using FileStream stream = File.Create(path);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach ((string name, int[] shape) in tensors)
        {
            float[] values = new float[Elements(shape)];
            fill(name, shape, values);
            stream.Write(Bytes(values, type));
        }
    }

    private static byte[] Header(DataType type, IReadOnlyList<(string Name, int[] Shape)> tensors)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("__metadata__");
            writer.WriteString("format", "pt");
            writer.WriteEndObject();
            long offset = 0;
            foreach ((string name, int[] shape) in tensors)
            {
                writer.WriteStartObject(name);
                writer.WriteString("dtype", type switch { DataType.Float32 => "F32", DataType.Float16 => "F16", _ => "BF16" });
                writer.WriteStartArray("shape");
                foreach (int dimension in shape)
                    writer.WriteNumberValue(dimension);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(offset);
                writer.WriteNumberValue(offset += (long)Elements(shape) * type.Size());
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        // Spaces at the end, so that the data begin on a border of eight bytes.
        byte[] json = stream.ToArray();
        byte[] header = new byte[(json.Length + 7) / 8 * 8];
        header.AsSpan().Fill((byte)' ');
        json.CopyTo(header, 0);
        return header;
    }

    private static int Elements(int[] shape) => shape.Aggregate(1, (product, dimension) => checked(product * dimension));

    private static byte[] Bytes(float[] values, DataType type)
    {
        byte[] bytes = new byte[checked(values.Length * type.Size())];
        for (int i = 0; i < values.Length; i++)
        {
            Span<byte> at = bytes.AsSpan(i * type.Size());
            if (type == DataType.Float32)
                BinaryPrimitives.WriteSingleLittleEndian(at, values[i]);
            else if (type == DataType.Float16)
                BinaryPrimitives.WriteHalfLittleEndian(at, (Half)values[i]);
            else
                BinaryPrimitives.WriteUInt16LittleEndian(at, BFloat16(values[i]));
        }

        return bytes;
    }

    private static ushort BFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
