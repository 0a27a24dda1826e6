using System.Text.Json;

namespace Sluice.Engine.Templates.Values;

/// <summary>Values out of JSON; strings, keys and digits in them are content.</summary>
internal static class JsonReader
{
    private const int DeepestNesting = 100;

    /// <param name="field">Name of the field, for errors.</param>
    /// <exception cref="TemplateException">Nested too deep, an integer of more than 64 bits, or half a surrogate pair.</exception>
    public static Value Read(JsonElement element, string field, int depth = 0)
    {
        if (depth > DeepestNesting)
            throw new TemplateException(field, 0, $"nested more than {DeepestNesting} deep");
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return Text(JsonText.Of(element, field), field);
            case JsonValueKind.Number:
                return Number(element, field);
            case JsonValueKind.True or JsonValueKind.False:
                return BoolValue.Of(element.GetBoolean());
            case JsonValueKind.Array:
                return new ListValue([.. element.EnumerateArray().Select(item => Read(item, field, depth + 1))]);
            case JsonValueKind.Object:
                MapValue map = new();
                foreach (JsonProperty property in element.EnumerateObject())
                    Set(map, JsonText.NameOf(property, field), Read(property.Value, field, depth + 1), field);
                return map;
            default:
                return NoneValue.None;
        }
    }

    /// <summary>Text of a user, which must be whole characters, as the tokenizer takes no others.</summary>
    public static TextValue Text(string text, string field)
    {
        int half = HalfPair(text);
        return half < 0
            ? TextValue.Content(text)
            : throw new TemplateException(field, 0, $"not valid Unicode: half a surrogate pair at index {half}");
    }

    /// <summary>Index of the first half of a surrogate pair that stands alone, or -1.</summary>
    public static int HalfPair(string text)
    {
        for (int i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (TextValue.UnitLength(text, i) == 1)
                return i;
            i++;
        }

        return -1;
    }

    private static void Set(MapValue map, string name, Value value, string field) => map.Set(MapKey.Of(name), Text(name, field), value);

    private static Value Number(JsonElement element, string field)
    {
        string digits = element.GetRawText();
        if (digits.AsSpan().IndexOfAny(".eE") >= 0)
            return new FloatValue(element.GetDouble(), isContent: true);
        return element.TryGetInt64(out long number)
            ? new IntValue(number, isContent: true)
            : throw new TemplateException(field, 0, $"the integer of {digits.Length} digits does not fit in 64 bits");
    }
}
