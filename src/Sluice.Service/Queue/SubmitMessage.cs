using System.Text.Json;
using System.Text.Json.Serialization;
using MassTransit;
using Sluice.Jobs;
using Sluice.Jobs.Messages;
using Sluice.Service.Intake;

namespace Sluice.Service.Queue;

/// <summary>
/// A <see cref="SubmitJob"/> as it arrived, as far as it could be read, and all that could not. It carries the contract's message URN, so that a producer that
/// sends the contract type and one that sends bare JSON end up here.
/// </summary>
[MessageUrn(Urn)]
[JsonConverter(typeof(SubmitMessageConverter))]
internal sealed record SubmitMessage(SubmitJob Body, IReadOnlyList<FieldError> Errors)
{
    /// <summary>Frozen: producers send it.</summary>
    public const string Urn = "Sluice.Jobs.Messages:SubmitJob";
}

/// <summary>Never throws for well-formed JSON: a body that breaks the contract becomes errors to be answered, not a message to be thrown away.</summary>
internal sealed class SubmitMessageConverter : JsonConverter<SubmitMessage>
{
    private const int LongestName = 64;

    public override SubmitMessage Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        RequestErrors errors = new();
        Fields fields = new();
        FieldReader.Members(document.RootElement, "", errors, fields, Member);
        return new SubmitMessage(fields.Body, errors.All);
    }

    public override void Write(Utf8JsonWriter writer, SubmitMessage value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Body, JobsJson.Default.SubmitJob);

    private static bool Member(Fields fields, string name, string field, JsonElement value, RequestErrors errors)
    {
        bool given = value.ValueKind != JsonValueKind.Null;
        SubmitJob body = fields.Body;
        switch (name)
        {
            case "schema_version": fields.Body = given ? body with { SchemaVersion = FieldReader.Integer(value, field, errors) ?? SubmitJob.CurrentVersion } : body; break;
            case "idempotency_key": fields.Body = given ? body with { IdempotencyKey = FieldReader.Text(value, field, errors) } : body; break;
            case "job": fields.Body = given ? body with { Job = Job(value, errors) } : body; break;
            default: errors.Add(name[..Math.Min(name.Length, LongestName)], "It is not a field of a submitted job's message: schema_version, idempotency_key, job.", "unknown_field"); break;
        }
        return true;
    }

    private static JobRequest? Job(JsonElement value, RequestErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.Add("job", $"job must be an object; it is of kind {value.ValueKind.ToString().ToLowerInvariant()}.");
            return null;
        }
        JobRequest job = JobRequestReader.Read(value, errors);
        // The document's memory goes back to its pool: what is not built is refused by presence alone.
        return job.ResponseFormat is null ? job : job with { ResponseFormat = default(JsonElement) };
    }

    private sealed class Fields
    {
        public SubmitJob Body { get; set; } = new();
    }
}
