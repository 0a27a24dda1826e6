using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Sluice.Jobs;
using Sluice.Service.Intake;

namespace Sluice.Service.Submissions;

/// <summary>What the query of <c>POST /v1/submissions</c> says about all lines.</summary>
/// <param name="Defaults">What lines take where they say nothing.</param>
/// <param name="Name">For people; up to 128 characters.</param>
/// <param name="KeepIncomplete">Query <c>on_broken=keep</c>: a broken upload keeps what came, and lines run while others still come.</param>
internal sealed record SubmissionSettings(LineDefaults Defaults, string? Name, bool KeepIncomplete)
{
    private const int MaxName = 128;
    public static readonly IReadOnlyList<string> Names = ["model", "kind", "priority", "deadline", "ttl", "on_late", "cache", "namespace", "name", "on_broken"];

    /// <summary>A name that is not known is refused, so that a misspelt default never goes unused.</summary>
    public static SubmissionSettings Read(IQueryCollection query, RequestErrors errors)
    {
        SubmissionSettings read = new(LineDefaults.None, null, KeepIncomplete: false);
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in query)
        {
            if (values.Count != 1)
            {
                errors.Add(name, $"{name} is given {values.Count} times.", "duplicate_field");
                continue;
            }
            // The members of a job, read as they are read there.
            string value = values[0] ?? "";
            using JsonDocument text = JsonDocument.Parse($"\"{JsonEncodedText.Encode(value)}\"");
            read = Member(read, name, value, text.RootElement, errors);
        }
        return read;
    }

    private static SubmissionSettings Member(SubmissionSettings read, string name, string value, JsonElement text, RequestErrors errors)
    {
        LineDefaults defaults = read.Defaults;
        switch (name)
        {
            case "model": return read with { Defaults = defaults with { Model = value } };
            case "kind": return read with { Defaults = defaults with { Kind = FieldReader.Name<JobKind>(text, name, errors) } };
            case "priority": return read with { Defaults = defaults with { Priority = FieldReader.Name<JobClass>(text, name, errors) } };
            case "deadline": return read with { Defaults = defaults with { Deadline = FieldReader.Time(text, name, errors) } };
            case "ttl": return read with { Defaults = defaults with { Ttl = Seconds(value, errors) } };
            case "on_late": return read with { Defaults = defaults with { OnLate = FieldReader.Name<OnLate>(text, name, errors) } };
            case "cache": return read with { Defaults = defaults with { Cache = FieldReader.Name<CacheMode>(text, name, errors) } };
            case "namespace": return read with { Defaults = defaults with { Namespace = value } };
            case "name":
                if (value.Length is 0 or > MaxName)
                {
                    errors.Add("name", $"name must have 1 to {MaxName} characters; got {value.Length}.");
                }
                errors.Text("name", value);
                return read with { Name = value };
            case "on_broken":
                if (value is not ("keep" or "cancel"))
                {
                    errors.Add("on_broken", $"on_broken must be 'keep' or 'cancel'; got {TextRules.Quote(value)}.");
                }
                return read with { KeepIncomplete = value == "keep" };
            default:
                errors.Add(name, $"{TextRules.Quote(name)} is not a setting of a submission; known: {string.Join(", ", Names)}.", "unknown_field");
                return read;
        }
    }

    private static double? Seconds(string value, RequestErrors errors)
    {
        if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && double.IsFinite(seconds) && seconds > 0)
        {
            return seconds;
        }
        errors.Add("ttl", $"ttl must be a number of seconds above 0; got {TextRules.Quote(value)}.");
        return null;
    }
}
