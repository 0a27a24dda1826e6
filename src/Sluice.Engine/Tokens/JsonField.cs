using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Sluice.Engine.Tokens;

/// <summary>A JSON value that knows its file and its path, so that every complaint names both.</summary>
internal readonly struct JsonField(string file, string path, JsonElement element)
{
    private const int ShownCharacters = 120;

    public string File => file;

    public JsonElement Element => element;

    public JsonField Required(string name) =>
        Optional(name, out JsonField field) ? field : throw new TokenizerFormatException($"{file}: {Join(name)} is missing");

    /// <summary>False where the field is absent or null.</summary>
    public bool Optional(string name, out JsonField field)
    {
        RequireKind(JsonValueKind.Object, "an object");
        bool found = element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;
        field = new JsonField(file, Join(name), value);
        return found;
    }

    public string Text()
    {
        RequireKind(JsonValueKind.String, "a string");
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            // An escaped half of a surrogate pair passes the JSON parser and fails here.
            throw new TokenizerFormatException($"{file}: {path} is not valid Unicode", exception);
        }
    }

    public string Text(string name, string otherwise) => Optional(name, out JsonField field) ? field.Text() : otherwise;

    public int Number() =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int number) ? number : throw Wrong("a 32-bit integer");

    public int Number(string name, int otherwise) => Optional(name, out JsonField field) ? field.Number() : otherwise;

    public bool Flag() => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("true or false"),
    };

    public bool Flag(string name, bool otherwise) => Optional(name, out JsonField field) ? field.Flag() : otherwise;

    public IEnumerable<JsonField> Items()
    {
        RequireKind(JsonValueKind.Array, "an array");
        int index = 0;
        foreach (JsonElement item in element.EnumerateArray())
            yield return new JsonField(file, $"{path}[{index++}]", item);
    }

    /// <summary>The members of an object with their names.</summary>
    public IEnumerable<(string Name, JsonField Value)> Members()
    {
        RequireKind(JsonValueKind.Object, "an object");
        foreach (JsonProperty member in element.EnumerateObject())
        {
            string name;
            try
            {
                name = member.Name;
            }
            catch (InvalidOperationException exception)
            {
                throw new TokenizerFormatException($"{file}: a name in {path} is not valid Unicode", exception);
            }

            yield return (name, new JsonField(file, path, member.Value));
        }
    }

    /// <summary>The complaint about this field, naming the file, the field and what is wrong with it.</summary>
    public TokenizerFormatException Fault(string problem) => new($"{file}: {path} {problem}");

    public TokenizerFormatException Unsupported(string what) => Fault($"is {Shown()}: {what}");

    private TokenizerFormatException Wrong(string wanted) => Fault($"must be {wanted}, and is {Shown()}");

    /// <summary>A string as it reads, without the escapes of JSON where that is possible.</summary>
    private string ShownText()
    {
        if (element.ValueKind != JsonValueKind.String)
            return element.GetRawText();
        try
        {
            return $"\"{element.GetString()}\"";
        }
        catch (InvalidOperationException)
        {
            return element.GetRawText();
        }
    }

    private void RequireKind(JsonValueKind kind, string wanted)
    {
        if (element.ValueKind != kind)
            throw Wrong(wanted);
    }

    private string Join(string name) => path.Length == 0 ? name : $"{path}.{name}";

    [SuppressMessage("Globalization", "CA1308", Justification = "Prose, not a comparison.")]
    public string Shown()
    {
        if (element.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            return $"an {element.ValueKind.ToString().ToLowerInvariant()}";
        string raw = element.ValueKind == JsonValueKind.Undefined ? "absent" : ShownText();
        return raw.Length <= ShownCharacters ? raw : $"{raw.AsSpan(0, ShownCharacters)}… ({raw.Length} characters)";
    }
}
