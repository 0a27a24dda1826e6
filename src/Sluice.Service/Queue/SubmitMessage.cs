using System.Text.Json;
using System.Text.Json.Serialization;
using MassTransit;
using Sluice.Jobs;
using Sluice.Jobs.Messages;

namespace Sluice.Service.Queue;

/// <summary>
/// A <see cref="SubmitJob"/> as it arrived: read by the strict rules of <see cref="JobsJson"/>, or what is wrong with it.
/// It carries the contract's message URN, so that a producer that sends the contract type and one that sends bare JSON end up here.
/// </summary>
[MessageUrn(Urn)]
[JsonConverter(typeof(SubmitMessageConverter))]
internal sealed record SubmitMessage(SubmitJob? Body, string? IdempotencyKey, FieldError? Error)
{
    /// <summary>Frozen: producers send it.</summary>
    public const string Urn = "Sluice.Jobs.Messages:SubmitJob";
}

/// <summary>Never throws for well-formed JSON: a body that breaks the contract becomes an error to be answered, not a message to be thrown away.</summary>
internal sealed class SubmitMessageConverter : JsonConverter<SubmitMessage>
{
    public override SubmitMessage Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        JsonElement root = document.RootElement;
        string? key = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("idempotency_key", out JsonElement member) && member.ValueKind == JsonValueKind.String
            ? member.GetString()
            : null;
        try
        {
            SubmitJob? body = root.Deserialize(JobsJson.Default.SubmitJob);
            return body is null
                ? new SubmitMessage(null, null, new FieldError("job", "The body is null.", "required"))
                : new SubmitMessage(body, key, null);
        }
        catch (JsonException e)
        {
            string path = e.Path is ['$', '.', .. { Length: > 0 } rest] ? rest : "body";
            return new SubmitMessage(null, key, new FieldError(path, e.Message));
        }
    }

    public override void Write(Utf8JsonWriter writer, SubmitMessage value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Body!, JobsJson.Default.SubmitJob);
}
