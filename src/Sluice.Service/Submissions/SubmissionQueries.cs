using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>Reads queries; a name that is not known is refused, so that a misspelt filter never lists everything.</summary>
internal static class SubmissionQueries
{
    public const int MaxLimit = 1000;

    public static SubmissionQuery Read(IQueryCollection query, RequestErrors errors)
    {
        SubmissionQuery read = new();
        foreach ((string name, StringValues values) in query)
        {
            string value = values.ToString();
            read = name switch
            {
                "state" => read with { State = State(value, errors) },
                "after" => read with { After = Id(name, SubmissionIds.Prefix, value, errors) },
                "schedule" => read with { Schedule = Id(name, "sch_", value, errors) },
                "limit" => read with { Limit = Number(name, value, 1, MaxLimit, errors) },
                _ => Unknown(read, name, "state, schedule, after, limit", errors),
            };
        }
        return read;
    }

    /// <summary>The place to go on after, and the most lines to send.</summary>
    public static (int After, int Limit) ReadLines(IQueryCollection query, RequestErrors errors)
    {
        (int After, int Limit) read = (0, int.MaxValue);
        foreach ((string name, StringValues values) in query)
        {
            string value = values.ToString();
            read = name switch
            {
                "after" => read with { After = Number(name, value, 0, int.MaxValue, errors) },
                "limit" => read with { Limit = Number(name, value, 1, int.MaxValue, errors) },
                _ => Unknown(read, name, "after, limit", errors),
            };
        }
        return read;
    }

    private static T Unknown<T>(T read, string name, string known, RequestErrors errors)
    {
        errors.Add(name, $"{TextRules.Quote(name)} is not a filter; known: {known}.", "unknown_field");
        return read;
    }

    private static SubmissionState? State(string value, RequestErrors errors)
    {
        foreach (SubmissionState state in Enum.GetValues<SubmissionState>())
        {
            if (string.Equals(state.ToString().ToLowerInvariant(), value, StringComparison.Ordinal))
            {
                return state;
            }
        }
        errors.Add("state", $"state must be one of {string.Join(", ", Enum.GetNames<SubmissionState>().Select(name => $"'{name.ToLowerInvariant()}'"))}; got {TextRules.Quote(value)}.");
        return null;
    }

    private static Guid? Id(string name, string prefix, string value, RequestErrors errors)
    {
        if (value.StartsWith(prefix, StringComparison.Ordinal) && Guid.TryParseExact(value.AsSpan(prefix.Length), "N", out Guid id))
        {
            return id;
        }
        errors.Add(name, $"{name} must be {prefix} and 32 hex digits; got {TextRules.Quote(value)}.");
        return null;
    }

    private static int Number(string name, string value, int low, int high, RequestErrors errors)
    {
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= low && number <= high)
        {
            return number;
        }
        errors.Add(name, $"{name} must be from {low} to {high}; got {TextRules.Quote(value)}.");
        return low;
    }
}
