using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sluice.Cli.Models;

/// <summary>Lines that are one JSON value each.</summary>
internal static class JsonLine
{
    private const int MostShown = 60;

    /// <summary>Throws <see cref="FormatException"/> for a line that is not JSON, empty ones included.</summary>
    public static JsonDocument Parse(string line, string expected)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException error)
        {
            throw new FormatException($"expected {expected}, found {Shown(line)} (column {error.BytePositionInLine + 1}).");
        }
    }

    /// <summary>The text of a line that is a JSON string. Throws <see cref="FormatException"/> for any other, and for half a surrogate pair.</summary>
    public static string ReadText(string line)
    {
        using JsonDocument document = Parse(line, "a JSON string");
        if (document.RootElement.ValueKind != JsonValueKind.String) throw new FormatException($"expected a JSON string, found {Shown(line)}.");
        try
        {
            return document.RootElement.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new FormatException($"text: expected whole characters, found half a surrogate pair in {Shown(line)}.");
        }
    }

    public static string WriteText(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    /// <summary>A value for an error message, cut where it is long.</summary>
    public static string Shown(string value) =>
        value.Length == 0 ? "an empty line" : value.Length <= MostShown ? value : $"{value.AsSpan(0, MostShown)}… ({value.Length} characters)";
}
