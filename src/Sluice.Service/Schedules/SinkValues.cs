using System.Globalization;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>What of an answer a sink's column can hold, as text that Postgres casts to the column's type. Null: a null in the table.</summary>
internal static class SinkValues
{
    public const string Submission = "submission";

    private static readonly Dictionary<string, Func<LineOutcome, FiringRecord, string?>> s_values = new(StringComparer.Ordinal)
    {
        [Submission] = (_, firing) => $"sub_{firing.Id:N}",
        ["fire_time"] = (_, firing) => JobTimes.Text(firing.FireTime),
        ["line"] = (line, _) => line.Number.ToString(CultureInfo.InvariantCulture),
        ["state"] = (line, _) => State(line),
        ["text"] = (line, _) => Best(line)?.Text,
        ["choice"] = (line, _) => line.Job?.Kind == JobKind.Score ? Best(line)?.Text : null,
        ["probability"] = (line, _) => Best(line)?.Probability?.ToString("R", CultureInfo.InvariantCulture),
        ["logprob"] = (line, _) => Best(line)?.Logprob?.ToString("R", CultureInfo.InvariantCulture),
        ["output"] = (line, _) => line.Job?.Result is { } result ? JsonSerializer.Serialize(result.Outputs, JobsJson.Default.IReadOnlyListJobOutput) : null,
        ["error"] = (line, _) => line.Errors is { } errors ? string.Join(' ', errors.Select(e => e.Message)) : line.Job?.Error?.Message,
        ["error_code"] = (line, _) => line.Errors is [{ } first, ..] ? first.Code : line.Job?.Error?.Code,
        ["job"] = (line, _) => line.Job?.Id.ToString(),
        ["model"] = (line, _) => line.Job?.Model,
        ["model_revision"] = (line, _) => line.Job?.ModelRevision,
        ["finished_at"] = (line, _) => line.Job?.FinishedAt is { } at ? JobTimes.Text(at) : null,
    };

    public static IReadOnlyCollection<string> Names => s_values.Keys;

    public static string? Of(string name, LineOutcome line, FiringRecord firing) => s_values[name](line, firing);

    /// <summary><c>succeeded</c>, <c>failed</c>, <c>expired</c>, <c>cancelled</c> or <c>invalid</c>.</summary>
    public static string State(LineOutcome line) => line.Errors is not null ? "invalid" : line.Job?.State.ToString().ToLowerInvariant() ?? "cancelled";

    /// <summary>Score: the likeliest choice; else the one output.</summary>
    private static JobOutput? Best(LineOutcome line) => line.Job?.Result?.Outputs is { Count: > 0 } outputs ? outputs.MaxBy(o => o.Score ?? double.NegativeInfinity) : null;
}
