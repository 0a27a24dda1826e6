using System.Text.Json;
using Sluice.Service.Intake;

namespace Sluice.Service.Files;

/// <summary>
/// A line of an OpenAI batch file: <c>custom_id, method, url, body</c>. Reads on after a fault and reports all of them; a member that is null counts as absent.
/// </summary>
internal static class BatchLineReader
{
    public const int MostIdCharacters = 512;

    private const string IdMember = "custom_id";

    /// <summary>The JSON of a line; null, and an error with code <c>invalid_json</c>, where it is none.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> line, RequestErrors errors)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException fault)
        {
            errors.Add("", $"The line is not JSON: it breaks at byte {(fault.BytePositionInLine ?? 0) + 1} of {line.Length}.", "invalid_json");
            return null;
        }
    }

    /// <summary>The line's id, whatever else is wrong with the line; null where it has none that could be kept.</summary>
    public static string? CustomId(JsonElement line)
    {
        try
        {
            return line.ValueKind == JsonValueKind.Object && line.TryGetProperty(IdMember, out JsonElement id) && id.ValueKind == JsonValueKind.String
                && id.GetString() is { Length: > 0 and <= MostIdCharacters } text ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null; // no Unicode
        }
    }

    /// <summary>The line; null where an error was added.</summary>
    public static BatchLine? Read(JsonElement line, RequestErrors errors)
    {
        if (line.ValueKind != JsonValueKind.Object)
        {
            errors.Add("", $"The line must be a JSON object with custom_id, method, url and body; got {line.ValueKind.ToString().ToLowerInvariant()}.");
            return null;
        }
        Members members = new();
        FieldReader.Members(line, "", errors, members, Member);
        BatchEndpoint? endpoint = Endpoint(members, errors);
        if (members.Body is not { } body)
        {
            errors.Required("body");
            return null;
        }
        if (endpoint is not { } known || BatchBodyReader.Read(known, body, errors) is not { } read || errors.All.Count > 0)
        {
            return null;
        }
        return new BatchLine(members.Id!, known, read.Request, read.Base64);
    }

    private static bool Member(Members members, string name, string field, JsonElement value, RequestErrors errors)
    {
        switch (name)
        {
            case IdMember or "method" or "url" or "body" when value.ValueKind == JsonValueKind.Null: break;
            case IdMember: members.Id = FieldReader.Text(value, field, errors); break;
            case "method": members.Method = FieldReader.Text(value, field, errors); break;
            case "url": members.Url = FieldReader.Text(value, field, errors); break;
            case "body": members.Body = value; break;
            default: errors.Add(name, $"{TextRules.Quote(name)} is not a member of a batch line; known: custom_id, method, url, body.", "unknown_field"); break;
        }
        return true;
    }

    /// <summary>Checks what stands around the body.</summary>
    private static BatchEndpoint? Endpoint(Members members, RequestErrors errors)
    {
        bool faulty = errors.All.Count > 0;
        if (members.Id is null && !faulty)
        {
            errors.Required(IdMember);
        }
        else if (members.Id is { Length: 0 or > MostIdCharacters } id)
        {
            errors.Add(IdMember, $"custom_id must have 1 to {MostIdCharacters} characters; got {id.Length}.", "too_long");
        }
        if (members.Method is null && !faulty)
        {
            errors.Required("method");
        }
        else if (members.Method is { } method && method != "POST")
        {
            errors.Add("method", $"method must be 'POST'; got {TextRules.Quote(method)}.");
        }
        if (members.Url is not { } url)
        {
            if (!faulty)
            {
                errors.Required("url");
            }
            return null;
        }
        if (BatchEndpoints.Of(url) is { } endpoint)
        {
            return endpoint;
        }
        errors.Add("url", $"url must be one of {string.Join(", ", BatchEndpoints.Urls)}; got {TextRules.Quote(url)}.");
        return null;
    }

    private sealed class Members
    {
        public string? Id { get; set; }
        public string? Method { get; set; }
        public string? Url { get; set; }
        public JsonElement? Body { get; set; }
    }
}
