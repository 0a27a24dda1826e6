using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Sluice.Service.Queue;

/// <summary>Reads and writes a contract's body by its own generated rules inside whatever the transport wraps around it.</summary>
internal sealed class ContractConverter<T>(JsonTypeInfo<T> contract) : JsonConverter<T>
    where T : class
{
    public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => JsonSerializer.Deserialize(ref reader, contract);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value, contract);
}
