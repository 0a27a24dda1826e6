using System.Buffers.Binary;
using System.Text.Json;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Weights;

/// <summary>Writes a safetensors file: the header of all tensors, then their data in the same order.</summary>
internal static class SafetensorsWriter
{
    private const int PieceElements = 1 << 20;

    /// <summary>Writes elements [first, first + values.Length) of one tensor as float32.</summary>
    public delegate void Filler(string name, int[] shape, long first, Span<float> values);

    /// <param name="path">File to write.</param>
    /// <param name="type">Type of every tensor.</param>
    /// <param name="tensors">Names and shapes, outermost first.</param>
    /// <param name="fill">Asked for pieces in order; they are rounded to the type, to nearest and ties to even.</param>
    /// <param name="wrote">Told of each piece's bytes.</param>
    public static void Write(string path, DataType type, IReadOnlyList<(string Name, int[] Shape)> tensors, Filler fill, Action<long>? wrote = null)
    {
        byte[] header = Header(type, tensors);
        using FileStream stream = File.Create(path);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        float[] values = new float[PieceElements];
        byte[] bytes = new byte[PieceElements * type.Size()];
        foreach ((string name, int[] shape) in tensors)
        {
            long elements = Elements(shape);
            for (long first = 0; first < elements; first += PieceElements)
            {
                int count = (int)Math.Min(PieceElements, elements - first);
                fill(name, shape, first, values.AsSpan(0, count));
                Convert(values.AsSpan(0, count), type, bytes);
                stream.Write(bytes, 0, count * type.Size());
                wrote?.Invoke((long)count * type.Size());
            }
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
                writer.WriteNumberValue(offset += Elements(shape) * type.Size());
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

    private static long Elements(int[] shape) => shape.Aggregate(1L, (product, dimension) => checked(product * dimension));

    private static void Convert(ReadOnlySpan<float> values, DataType type, Span<byte> bytes)
    {
        for (int i = 0; i < values.Length; i++)
        {
            Span<byte> at = bytes[(i * type.Size())..];
            if (type == DataType.Float32)
                BinaryPrimitives.WriteSingleLittleEndian(at, values[i]);
            else if (type == DataType.Float16)
                BinaryPrimitives.WriteHalfLittleEndian(at, (Half)values[i]);
            else
                BinaryPrimitives.WriteUInt16LittleEndian(at, BFloat16.Narrow(values[i]));
        }
    }
}
