using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Sluice.Service.Api;

/// <summary>JSON as people read it: only what JSON itself demands is escaped. Bodies are never put into a page.</summary>
internal static class PlainJson
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Write<T>(T value, JsonTypeInfo<T> type)
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        using Utf8JsonWriter writer = new(buffer, s_options);
        JsonSerializer.Serialize(writer, value, type);
        return buffer.WrittenMemory;
    }
}
