using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>A schedule as its owner sees it. Times are RFC 3339, UTC, milliseconds.</summary>
internal sealed record ScheduleView
{
    /// <summary><c>sch_</c> and 32 hex digits.</summary>
    public required string Id { get; init; }
    public string Object { get; init; } = "schedule";
    public required string Name { get; init; }
    public required string Cron { get; init; }
    public required string TimeZone { get; init; }
    public required SourceSpec Source { get; init; }
    public required JobRequest Request { get; init; }
    public required SinkSpec Sink { get; init; }
    public string? FinishBy { get; init; }
    public double? FinishWithin { get; init; }
    public required string Overlap { get; init; }
    public required string Misfire { get; init; }
    public required bool Paused { get; init; }
    public required int Version { get; init; }

    /// <summary>The next five; empty while paused.</summary>
    public required IReadOnlyList<DateTimeOffset> NextFireTimes { get; init; }
    public DateTimeOffset? LastFireTime { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The last ten, newest first; only where one schedule is asked for.</summary>
    public IReadOnlyList<ScheduleRunView>? Runs { get; init; }
}

internal sealed record SchedulePage(IReadOnlyList<ScheduleView> Data);

/// <summary>One firing of a schedule.</summary>
internal sealed record ScheduleRunView
{
    public string Object { get; init; } = "schedule_run";

    /// <summary>As scheduled.</summary>
    public required DateTimeOffset FireTime { get; init; }

    /// <summary>Asked for by a person.</summary>
    public required bool Manual { get; init; }

    /// <summary><c>waiting</c>, <c>staging</c>, <c>running</c>, <c>delivering</c>, <c>cancelling</c>, <c>finished</c>, <c>skipped</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public required string State { get; init; }

    /// <summary>Its rows are this submission's lines; absent where it came to none.</summary>
    public string? Submission { get; init; }
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Whether all rows had ended by the deadline; absent without one, and until that is known.</summary>
    public bool? OnTime { get; init; }

    /// <summary>When its last row is likely to have ended, while it is under way and that is known.</summary>
    public DateTimeOffset? Eta { get; init; }

    /// <summary><c>on_track</c> or <c>late</c>: whether that is by the deadline.</summary>
    public string? Outlook { get; init; }

    /// <summary>Seconds after the deadline at which its last row ended, or is likely to; absent where it is in time.</summary>
    public double? LateBy { get; init; }
    public required long Rows { get; init; }

    /// <summary>Rows taken to the sink.</summary>
    public required long Delivered { get; init; }
    public JobError? Error { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StagedAt { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

internal sealed record ScheduleRunPage(IReadOnlyList<ScheduleRunView> Data);

/// <summary>Between stored and shown.</summary>
internal static class ScheduleViews
{
    public const string Prefix = "sch_";
    private const int NextTimes = 5;

    /// <summary>Null where the text is no id.</summary>
    public static Guid? Id(string text) => text.StartsWith(Prefix, StringComparison.Ordinal) && Guid.TryParseExact(text.AsSpan(Prefix.Length), "N", out Guid id) ? id : null;

    public static ScheduleView Of(ScheduleRecord schedule, DateTimeOffset now, IReadOnlyList<ScheduleRunView>? runs = null) => new()
    {
        Id = $"{Prefix}{schedule.Id:N}",
        Name = schedule.Name,
        Cron = schedule.Cron,
        TimeZone = schedule.TimeZone,
        Source = JsonSerializer.Deserialize(schedule.Source, SpecJson.Default.SourceSpec)!,
        Request = JsonSerializer.Deserialize(schedule.Request, JobsJson.Default.JobRequest)!,
        Sink = JsonSerializer.Deserialize(schedule.Sink, SpecJson.Default.SinkSpec)!,
        FinishBy = schedule.FinishBy?.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
        FinishWithin = schedule.FinishWithin?.TotalSeconds,
        Overlap = ScheduleNames.Of(schedule.Overlap),
        Misfire = ScheduleNames.Of(schedule.Misfire),
        Paused = schedule.Paused,
        Version = schedule.Version,
        NextFireTimes = schedule.Paused ? [] : CronTimes.Of(schedule.Cron, schedule.TimeZone).Next(now, NextTimes),
        LastFireTime = schedule.LastFireTime,
        CreatedAt = schedule.CreatedAt,
        UpdatedAt = schedule.UpdatedAt,
        Runs = runs,
    };

    /// <param name="run">As stored.</param>
    /// <param name="now">The time.</param>
    /// <param name="eta">When its last row is likely to end; null where it has ended, and where nothing is known.</param>
    public static ScheduleRunView Of(FiringRecord run, DateTimeOffset now, DateTimeOffset? eta = null) => new()
    {
        FireTime = run.FireTime,
        Manual = run.Manual,
        State = ScheduleNames.Of(run.State),
        Submission = HasSubmission(run) ? $"sub_{run.Id:N}" : null,
        Deadline = run.Deadline,
        OnTime = OnTime(run, now),
        Eta = eta,
        Outlook = run.Deadline is { } by && Expected(eta, now) is { } end ? end <= by ? "on_track" : "late" : null,
        LateBy = (run.AnsweredAt ?? Expected(eta, now)) is { } last && last > run.Deadline ? Math.Round((last - run.Deadline.Value).TotalSeconds, 3) : null,
        Rows = run.Rows,
        Delivered = run.Delivered,
        Error = run.ErrorCode is { } code ? new JobError(code, run.ErrorMessage ?? "") : null,
        CreatedAt = run.CreatedAt,
        StagedAt = run.StagedAt,
        AnsweredAt = run.AnsweredAt,
        FinishedAt = run.FinishedAt,
    };

    private static DateTimeOffset? Expected(DateTimeOffset? eta, DateTimeOffset now) => eta < now ? now : eta;

    private static bool HasSubmission(FiringRecord run) => run.Rows > 0 || run.StagedAt is not null;

    private static bool? OnTime(FiringRecord run, DateTimeOffset now) => run.Deadline switch
    {
        null => null,
        { } deadline when run.AnsweredAt is { } answered => answered <= deadline,
        { } deadline => run.State is FiringState.Cancelled || (now <= deadline && run.State < FiringState.Finished) ? null : false,
    };
}

/// <summary>Schedules over HTTP.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(JobTimes)])]
[JsonSerializable(typeof(ScheduleRequest))]
[JsonSerializable(typeof(ScheduleView))]
[JsonSerializable(typeof(SchedulePage))]
[JsonSerializable(typeof(ScheduleRunView))]
[JsonSerializable(typeof(ScheduleRunPage))]
internal sealed partial class ScheduleJson : JsonSerializerContext;
