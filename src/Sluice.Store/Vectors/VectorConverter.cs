using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Npgsql.Internal;
using Npgsql.Internal.Postgres;

namespace Sluice.Store.Vectors;

/// <summary>float[] &lt;-&gt; pgvector's wire format, big endian: int16 dimension, int16 zero, dimension × float32.</summary>
internal sealed class VectorConverter : PgStreamingConverter<float[]>
{
    private const int Header = 2 * sizeof(ushort);

    public override Size GetSize(SizeContext context, float[] value, ref object? writeState) => Header + (value.Length * sizeof(float));

    public override float[] Read(PgReader reader)
    {
        if (reader.ShouldBuffer(Header))
            reader.Buffer(Header);
        float[] value = new float[ReadHeader(reader)];
        reader.ReadBytes(MemoryMarshal.AsBytes(value.AsSpan()));
        Swap(value);
        return value;
    }

    public override async ValueTask<float[]> ReadAsync(PgReader reader, CancellationToken cancellationToken = default)
    {
        if (reader.ShouldBuffer(Header))
            await reader.BufferAsync(Header, cancellationToken);
        float[] value = new float[ReadHeader(reader)];
        byte[] bytes = new byte[value.Length * sizeof(float)];
        await reader.ReadBytesAsync(bytes, cancellationToken);
        bytes.CopyTo(MemoryMarshal.AsBytes(value.AsSpan()));
        Swap(value);
        return value;
    }

    public override void Write(PgWriter writer, float[] value)
    {
        if (writer.ShouldFlush(Header))
            writer.Flush();
        WriteHeader(writer, value);
        writer.WriteBytes(Encode(value));
    }

    public override async ValueTask WriteAsync(PgWriter writer, float[] value, CancellationToken cancellationToken = default)
    {
        if (writer.ShouldFlush(Header))
            await writer.FlushAsync(cancellationToken);
        WriteHeader(writer, value);
        await writer.WriteBytesAsync(Encode(value), cancellationToken);
    }

    private static int ReadHeader(PgReader reader)
    {
        int dimension = reader.ReadUInt16();
        reader.ReadUInt16();
        return dimension;
    }

    private static void WriteHeader(PgWriter writer, float[] value)
    {
        writer.WriteUInt16(checked((ushort)value.Length));
        writer.WriteUInt16(0);
    }

    private static byte[] Encode(float[] value)
    {
        byte[] bytes = new byte[value.Length * sizeof(float)];
        BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<float, uint>(value), MemoryMarshal.Cast<byte, uint>(bytes.AsSpan()));
        return bytes;
    }

    private static void Swap(float[] value)
    {
        Span<uint> words = MemoryMarshal.Cast<float, uint>(value.AsSpan());
        BinaryPrimitives.ReverseEndianness(words, words);
    }
}

/// <summary>Takes part only where the data type is known to be vector or vector[]: a bare float[] stays real[].</summary>
internal sealed class VectorResolverFactory : PgTypeInfoResolverFactory
{
    public override IPgTypeInfoResolver CreateResolver() => new Resolver("vector", Map(new TypeInfoMappingCollection()));

    public override IPgTypeInfoResolver CreateArrayResolver()
    {
        TypeInfoMappingCollection mappings = Map(new TypeInfoMappingCollection());
        mappings.AddArrayType<float[]>("vector");
        return new Resolver("_vector", mappings);
    }

    private static TypeInfoMappingCollection Map(TypeInfoMappingCollection mappings)
    {
        mappings.AddType<float[]>("vector", static (options, mapping, _) => mapping.CreateInfo(options, new VectorConverter()), isDefault: true);
        return mappings;
    }

    private sealed class Resolver(string name, TypeInfoMappingCollection mappings) : IPgTypeInfoResolver
    {
        public PgTypeInfo? GetTypeInfo(Type? type, DataTypeName? dataTypeName, PgSerializerOptions options) =>
            dataTypeName is { } known && known.UnqualifiedName == name ? mappings.Find(type, dataTypeName, options) : null;
    }
}
