using System.Text.Json;
using Sluice.Jobs;

namespace Sluice.Service.Intake;

/// <summary>Reads typed members of JSON objects; what has the wrong type becomes an error with the member's path, and null.</summary>
internal static class FieldReader
{
    /// <summary>
    /// Hands each member of an object with its name and path to <paramref name="read"/>, which answers false for a name that it does not know.
    /// Unknown and repeated members are errors; <paramref name="what"/> is what an object without a path is called. False where the value is no object.
    /// </summary>
    public static bool Members<T>(JsonElement element, string path, RequestErrors errors, T target, Func<T, string, string, JsonElement, RequestErrors, bool> read, string what = "a job")
    {
        if (!IsKind(element, path.Length == 0 ? "body" : path, JsonValueKind.Object, "an object", errors))
        {
            return false;
        }
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (JsonProperty member in element.EnumerateObject())
        {
            if (NameOf(member) is not string name)
            {
                errors.Add(path.Length == 0 ? "body" : path, "A member's name must not contain a lone surrogate.");
                continue;
            }
            string field = path.Length == 0 ? name : $"{path}.{name}";
            if (!seen.Add(name))
            {
                errors.Add(Shown(field), $"{Shown(field)} is given twice.", "duplicate_field");
            }
            else if (!read(target, name, field, member.Value, errors))
            {
                errors.Add(Shown(field), $"{Shown(field)} is not a field of {(path.Length == 0 ? what : path)}.", "unknown_field");
            }
        }
        return true;
    }

    /// <summary>A member by its name; false where the value is no object, has none, or where a member's name is no Unicode, which <see cref="Members"/> reports.</summary>
    public static bool TryFind(JsonElement element, string name, out JsonElement value)
    {
        value = default;
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Whether it is this very string.</summary>
    public static bool IsText(JsonElement element, string text)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String && element.ValueEquals(text);
        }
        catch (InvalidOperationException)
        {
            return false; // no Unicode
        }
    }

    public static string? Text(JsonElement element, string field, RequestErrors errors)
    {
        if (!IsKind(element, field, JsonValueKind.String, "a string", errors))
        {
            return null;
        }
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            errors.Add(field, $"{field} must be valid Unicode: no lone surrogate, no broken UTF-8.");
            return null;
        }
    }

    public static double? Number(JsonElement element, string field, RequestErrors errors)
    {
        if (!IsKind(element, field, JsonValueKind.Number, "a number", errors))
        {
            return null;
        }
        if (element.TryGetDouble(out double value) && double.IsFinite(value))
        {
            return value;
        }
        errors.Add(field, $"{field} must be a finite number; got {Raw(element)}.");
        return null;
    }

    public static int? Integer(JsonElement element, string field, RequestErrors errors) =>
        WholeNumber(element, field, int.MinValue, int.MaxValue, errors) is long value ? (int)value : null;

    public static long? WholeNumber(JsonElement element, string field, long low, long high, RequestErrors errors)
    {
        if (!IsKind(element, field, JsonValueKind.Number, "a whole number", errors))
        {
            return null;
        }
        if (element.TryGetInt64(out long value) && value >= low && value <= high)
        {
            return value;
        }
        errors.Add(field, $"{field} must be a whole number from {low} to {high}; got {Raw(element)}.");
        return null;
    }

    public static bool? Flag(JsonElement element, string field, RequestErrors errors)
    {
        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return element.GetBoolean();
        }
        IsKind(element, field, JsonValueKind.True, "true or false", errors);
        return null;
    }

    public static DateTimeOffset? Time(JsonElement element, string field, RequestErrors errors)
    {
        if (Text(element, field, errors) is not string text)
        {
            return null;
        }
        if (JobTimes.TryParse(text, out DateTimeOffset time))
        {
            return time;
        }
        errors.Add(field, $"{field} must be an RFC 3339 time with an offset, such as 2026-01-31T09:30:00Z; got {TextRules.Quote(text)}.");
        return null;
    }

    /// <summary>One of the enum's names in lower case.</summary>
    public static T? Name<T>(JsonElement element, string field, RequestErrors errors)
        where T : struct, Enum
    {
        if (Text(element, field, errors) is not string text)
        {
            return null;
        }
        foreach (T value in Enum.GetValues<T>())
        {
            if (string.Equals(value.ToString().ToLowerInvariant(), text, StringComparison.Ordinal))
            {
                return value;
            }
        }
        errors.Add(field, $"{field} must be one of {string.Join(", ", Enum.GetNames<T>().Select(name => $"'{name.ToLowerInvariant()}'"))}; got {TextRules.Quote(text)}.");
        return null;
    }

    /// <summary>A list of strings, no longer than <paramref name="most"/>.</summary>
    public static IReadOnlyList<string>? Texts(JsonElement element, string field, int most, RequestErrors errors)
    {
        if (!IsKind(element, field, JsonValueKind.Array, "a list of strings", errors))
        {
            return null;
        }
        int count = element.GetArrayLength();
        if (count > most)
        {
            errors.Add(field, $"{field} may have at most {most} texts; got {count}.", "too_long");
            return null;
        }
        List<string> texts = new(count);
        foreach (JsonElement item in element.EnumerateArray())
        {
            if (Text(item, $"{field}[{texts.Count}]", errors) is not string text)
            {
                return null;
            }
            texts.Add(text);
        }
        return texts;
    }

    /// <summary>An object whose members are numbers.</summary>
    public static IReadOnlyDictionary<string, double>? Numbers(JsonElement element, string field, RequestErrors errors)
    {
        Dictionary<string, double> numbers = new(StringComparer.Ordinal);
        return Members(element, field, errors, numbers, Number) ? numbers : null;

        static bool Number(Dictionary<string, double> numbers, string name, string path, JsonElement value, RequestErrors errors)
        {
            if (FieldReader.Number(value, path, errors) is double number)
            {
                numbers[name] = number;
            }
            return true;
        }
    }

    /// <summary>A list of objects, no longer than <paramref name="most"/>; empty where it cannot be read.</summary>
    public static IReadOnlyList<T> Objects<T>(JsonElement element, string field, int most, RequestErrors errors, Func<JsonElement, string, RequestErrors, T> read)
    {
        if (!IsKind(element, field, JsonValueKind.Array, "a list of objects", errors))
        {
            return [];
        }
        int count = element.GetArrayLength();
        if (count > most)
        {
            errors.Add(field, $"{field} may have at most {most} objects; got {count}.", "too_long");
            return [];
        }
        List<T> objects = new(count);
        foreach (JsonElement item in element.EnumerateArray())
        {
            objects.Add(read(item, $"{field}[{objects.Count}]", errors));
        }
        return objects;
    }

    private static bool IsKind(JsonElement element, string field, JsonValueKind kind, string wanted, RequestErrors errors)
    {
        if (element.ValueKind == kind)
        {
            return true;
        }
        string got = element.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.String => "a string",
            JsonValueKind.Number => Raw(element),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => "null",
        };
        errors.Add(field, $"{field} must be {wanted}; got {got}.");
        return false;
    }

    private static string? NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public static string Raw(JsonElement element)
    {
        string raw = element.GetRawText();
        return raw.Length > 32 ? string.Concat(raw.AsSpan(0, 32), "...") : raw;
    }

    private static string Shown(string field) => field.Length <= 64 ? field : string.Concat(field.AsSpan(0, 61), "...");
}
