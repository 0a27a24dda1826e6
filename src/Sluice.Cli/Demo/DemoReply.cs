using System.Text.Json;

namespace Sluice.Cli.Demo;

/// <summary>Reads a drafted reply.</summary>
internal static class DemoReply
{
    /// <summary>Its member <c>order</c>; null where there is none, or the text is no JSON object.</summary>
    public static string? OrderOf(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("order", out JsonElement order) && order.ValueKind == JsonValueKind.String
                ? order.GetString()
                : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
