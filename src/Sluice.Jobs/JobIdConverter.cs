using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Jobs;

/// <summary>Ids travel as text, <c>job_</c> and 32 hex digits. Public, so that producers can generate their own serializers.</summary>
public sealed class JobIdConverter : JsonConverter<JobId>
{
    public override JobId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JobId.TryParse(reader.GetString(), out JobId id) ? id : throw new JsonException($"'{reader.GetString()}' is not a job id: expected job_ and 32 hex digits.");

    public override void Write(Utf8JsonWriter writer, JobId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
