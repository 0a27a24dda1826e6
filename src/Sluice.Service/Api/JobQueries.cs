using System.Globalization;
using Microsoft.AspNetCore.Http;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>Reads the query of a listing; a name that is not known is refused, so that a misspelt filter never lists everything.</summary>
internal static class JobQueries
{
    public const int MaxLimit = 1000;

    public static bool TryRead(IQueryCollection query, out JobQuery read, out IReadOnlyList<FieldError> errors)
    {
        RequestErrors found = new();
        read = new JobQuery();
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in query)
        {
            string value = values.Count == 1 ? values[0] ?? "" : "";
            if (values.Count != 1)
            {
                found.Add(name, $"{name} is given {values.Count} times.", "duplicate_field");
                continue;
            }
            read = name switch
            {
                "state" => read with { State = State(value, found) },
                "submission" => read with { Submission = Submission(value, found) },
                "after" => read with { After = After(value, found) },
                "limit" => read with { Limit = Limit(value, found) },
                _ => Unknown(read, name, found),
            };
        }
        errors = found.All;
        return errors.Count == 0;
    }

    private static JobQuery Unknown(JobQuery read, string name, RequestErrors errors)
    {
        errors.Add(name, $"{TextRules.Quote(name)} is not a filter; known: state, submission, after, limit.", "unknown_field");
        return read;
    }

    private static JobState? State(string value, RequestErrors errors)
    {
        foreach (JobState state in Enum.GetValues<JobState>())
        {
            if (string.Equals(state.ToString().ToLowerInvariant(), value, StringComparison.Ordinal))
            {
                return state;
            }
        }
        errors.Add("state", $"state must be one of {string.Join(", ", Enum.GetNames<JobState>().Select(name => $"'{name.ToLowerInvariant()}'"))}; got {TextRules.Quote(value)}.");
        return null;
    }

    private static Guid? Submission(string value, RequestErrors errors)
    {
        if (value.StartsWith(JobViews.SubmissionPrefix, StringComparison.Ordinal) && Guid.TryParseExact(value.AsSpan(JobViews.SubmissionPrefix.Length), "N", out Guid id))
        {
            return id;
        }
        errors.Add("submission", $"submission must be sub_ and 32 hex digits; got {TextRules.Quote(value)}.");
        return null;
    }

    private static JobId? After(string value, RequestErrors errors)
    {
        if (JobId.TryParse(value, out JobId id))
        {
            return id;
        }
        errors.Add("after", $"after must be the next of the page before, job_ and 32 hex digits; got {TextRules.Quote(value)}.");
        return null;
    }

    private static int Limit(string value, RequestErrors errors)
    {
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= MaxLimit)
        {
            return limit;
        }
        errors.Add("limit", $"limit must be from 1 to {MaxLimit}; got {TextRules.Quote(value)}.");
        return 1;
    }
}
