using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Sluice.Service.Schedules;

/// <summary>
/// Text with fields of a row in it: <c>{{subject}}</c>, <c>{{customer.name}}</c>, <c>{{subject|none}}</c> (what stands after the bar is taken where the field is absent or null).
/// <c>{{{{</c> is two braces. What a field holds is text and nothing else: it is not read again, and prompts are encoded without control tokens.
/// </summary>
internal sealed class RowTemplate
{
    private const string Open = "{{", Close = "}}";

    private readonly List<Part> _parts = [];

    private RowTemplate()
    {
    }

    /// <summary>Fields that a row must have.</summary>
    public IEnumerable<string> Fields => _parts.Where(part => part.Field is not null && part.Default is null).Select(part => part.Field!);

    /// <summary>False and what is wrong, with its place, where the text is no template.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RowTemplate? template, [NotNullWhen(false)] out string? fault)
    {
        template = new RowTemplate();
        fault = null;
        StringBuilder plain = new();
        int at = 0;
        while (text.IndexOf(Open, at, StringComparison.Ordinal) is int open and >= 0)
        {
            plain.Append(text, at, open - at);
            if (string.CompareOrdinal(text, open, "{{{{", 0, 4) == 0)
            {
                plain.Append(Open);
                at = open + 4;
                continue;
            }
            int close = text.IndexOf(Close, open, StringComparison.Ordinal);
            string name = close < 0 ? "" : text[(open + 2)..close];
            int bar = name.IndexOf('|', StringComparison.Ordinal);
            string field = (bar < 0 ? name : name[..bar]).Trim();
            if (close < 0 || field.Length == 0 || field.Contains('{', StringComparison.Ordinal))
            {
                fault = close < 0 ? $"'{{{{' at character {open} is not closed by '}}}}' (two braces are written as four)" : $"'{{{{' at character {open} names no field";
                template = null;
                return false;
            }
            template.Add(plain);
            template._parts.Add(new Part("", field, bar < 0 ? null : name[(bar + 1)..]));
            at = close + 2;
        }
        plain.Append(text, at, text.Length - at);
        template.Add(plain);
        return true;
    }

    /// <summary>The text, or the first field that the row lacks; neither where the text would be longer than <paramref name="most"/>.</summary>
    public bool TryRender(JsonElement row, int most, [NotNullWhen(true)] out string? text, out string? missing)
    {
        StringBuilder filled = new();
        foreach (Part part in _parts)
        {
            string? value = part.Field is null ? part.Plain : Value(row, part.Field) ?? part.Default;
            if (value is null || value.Length > most - filled.Length)
            {
                (text, missing) = (null, value is null ? part.Field : null);
                return false;
            }
            filled.Append(value);
        }
        (text, missing) = (filled.ToString(), null);
        return true;
    }

    /// <summary>A field as text; null where the row has none of that name, or null. A name with dots is looked for whole first, then step by step.</summary>
    public static string? Value(JsonElement row, string field)
    {
        if (row.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        if (row.TryGetProperty(field, out JsonElement whole))
        {
            return Text(whole);
        }
        int dot = field.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && row.TryGetProperty(field[..dot], out JsonElement inner) ? Value(inner, field[(dot + 1)..]) : null;
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.String => value.GetString(),
        _ => value.GetRawText(),
    };

    private void Add(StringBuilder plain)
    {
        if (plain.Length > 0)
        {
            _parts.Add(new Part(plain.ToString(), null, null));
            plain.Clear();
        }
    }

    private sealed record Part(string Plain, string? Field, string? Default);
}
