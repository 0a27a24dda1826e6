using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Sluice.Cli.Jobs;

/// <summary>Reads a refusal (<c>application/problem+json</c>) for a person.</summary>
internal static class ServiceProblem
{
    private const int MostShown = 200;

    /// <summary>The status, the detail and one line per wrong field; of any other body its beginning.</summary>
    public static string Explain(int status, string body)
    {
        StringBuilder text = new($"the service answers {status}");
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            if (Member(root, "detail") is { } detail) text.Append(CultureInfo.InvariantCulture, $": {detail}");
            if (root.TryGetProperty("errors", out JsonElement errors) && errors.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement error in errors.EnumerateArray()) text.Append(CultureInfo.InvariantCulture, $"\n  {Member(error, "field")}: {Member(error, "message")}");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            if (body.Length > 0) text.Append(CultureInfo.InvariantCulture, $": {(body.Length > MostShown ? body[..MostShown] + "…" : body)}");
        }
        return text.ToString();
    }

    private static string? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
