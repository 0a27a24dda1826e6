using System.Globalization;
using System.Text.Json;

namespace Sluice.Engine.Weights;

/// <summary>An object of a JSON file of the model folder, read field by field; every error names file, field, expected and found.</summary>
internal readonly struct JsonField(string source, JsonElement element)
{
    private const int MaxBytes = 16 << 20;

    public JsonElement this[string name] => element.GetProperty(name);

    public static JsonDocument Open(string path)
    {
        string name = Path.GetFileName(path);
        if (!File.Exists(path))
            throw new ModelFormatException($"{name}: not found in '{Path.GetDirectoryName(path)}'");
        long length = new FileInfo(path).Length;
        if (length > MaxBytes)
            throw new ModelFormatException($"{name}: expected at most {MaxBytes} bytes, found {length}");
        JsonDocument document;
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            ReadTexts(bytes);
            document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 32, AllowDuplicateProperties = false });
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new ModelFormatException($"{name}: expected JSON, found an error: {error.Message}", error);
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        JsonValueKind kind = document.RootElement.ValueKind;
        document.Dispose();
        throw new ModelFormatException($"{name}: expected an object, found {kind}");
    }

    /// <summary>Throws where a name or a text is no Unicode: half a surrogate pair, broken UTF-8. The parser lets them pass, and reading them fails.</summary>
    private static void ReadTexts(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String)
                reader.GetString();
        }
    }

    /// <summary>Present and not null.</summary>
    public bool Has(string name) => element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public JsonField Child(string name) =>
        this[name].ValueKind == JsonValueKind.Object ? new JsonField($"{source} {name}", this[name]) : throw Error(name, "an object", Show(name));

    public string? OptionalText(string name)
    {
        if (!Has(name))
            return null;
        return this[name].ValueKind == JsonValueKind.String ? this[name].GetString() : throw Error(name, "a string", Show(name));
    }

    public bool Flag(string name)
    {
        if (!Has(name))
            return false;
        return this[name].ValueKind is JsonValueKind.True or JsonValueKind.False ? this[name].GetBoolean() : throw Error(name, "true or false", Show(name));
    }

    public void RejectTrue(string name) => Require(name, !Flag(name), "false (not supported yet)", "true");

    public int Integer(string name, int low, int high, int? fallback = null)
    {
        if (!Has(name) && fallback is { } value)
            return value;
        if (!Has(name) || this[name].ValueKind != JsonValueKind.Number || !this[name].TryGetInt32(out int found) || found < low || found > high)
            throw Error(name, $"an integer from {low} to {high}", Show(name));
        return found;
    }

    public double Number(string name, double low, double high, double? fallback = null)
    {
        if (!Has(name) && fallback is { } value)
            return value;
        if (!Has(name) || this[name].ValueKind != JsonValueKind.Number || !this[name].TryGetDouble(out double found) || !(found >= low && found <= high))
            throw Error(name, string.Create(CultureInfo.InvariantCulture, $"a number from {low} to {high}"), Show(name));
        return found;
    }

    /// <summary>Adds one id or a list of them; nothing where the field is missing or null.</summary>
    public void AddIds(string name, int vocabulary, List<int> ids)
    {
        if (!Has(name))
            return;
        JsonElement value = this[name];
        int count = value.ValueKind == JsonValueKind.Array ? value.GetArrayLength() : 1;
        for (int i = 0; i < count; i++)
        {
            JsonElement item = value.ValueKind == JsonValueKind.Array ? value[i] : value;
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out int id) || id < 0 || id >= vocabulary)
                throw Error(name, $"ids from 0 to {vocabulary - 1}", Show(name));
            ids.Add(id);
        }
    }

    public void Require(string name, bool holds, string expected, object? found)
    {
        if (!holds)
            throw Error(name, expected, Convert.ToString(found, CultureInfo.InvariantCulture));
    }

    public ModelFormatException Error(string name, string expected, string? found) =>
        new($"{source}: {name}: expected {expected}, found {found ?? "nothing"}");

    private string Show(string name)
    {
        string text = element.TryGetProperty(name, out JsonElement value) ? value.GetRawText() : "nothing";
        return text.Length > 80 ? text[..80] + "…" : text;
    }
}
