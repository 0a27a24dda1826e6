using System.Text.Json.Serialization;

namespace Sluice.Jobs;

/// <summary>Where a submission stands. The last two are terminal.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<SubmissionState>))]
public enum SubmissionState
{
    /// <summary>Lines may still come.</summary>
    Receiving = 0,

    /// <summary>All lines are there; not all have ended.</summary>
    Running = 1,

    /// <summary>Every line has ended, one way or another.</summary>
    Finished = 2,
    Cancelled = 3,
}

/// <summary>Where a submission's lines come from.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<SubmissionSource>))]
public enum SubmissionSource
{
    Http = 0,
    Schedule = 1,
}

/// <summary>What a submission came to. Absent until it is terminal.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<SubmissionOutcome>))]
public enum SubmissionOutcome
{
    /// <summary>Every line.</summary>
    Succeeded,

    /// <summary>Some lines did not: <c>…/errors</c> says which and why.</summary>
    PartlyFailed,

    /// <summary>No line succeeded.</summary>
    AllFailed,
    Cancelled,

    /// <summary>There was no line: a schedule whose source had no rows.</summary>
    Empty,
}

/// <summary>How many lines stand where.</summary>
/// <param name="Lines">Received, blank ones aside.</param>
/// <param name="Invalid">Could not become jobs.</param>
/// <param name="Pending">Wait, or run.</param>
/// <param name="Fed">Became jobs.</param>
/// <param name="Succeeded">Jobs.</param>
/// <param name="Failed">Jobs.</param>
/// <param name="Expired">Jobs.</param>
/// <param name="Cancelled">Jobs, and lines that had not become jobs.</param>
public sealed record SubmissionCountsView(int Lines, int Invalid, int Pending, int Fed, int Succeeded, int Failed, int Expired, int Cancelled);

/// <summary>A submission as callers see it. Times are RFC 3339, UTC, milliseconds.</summary>
public sealed record SubmissionView
{
    /// <summary><c>sub_</c> and 32 hex digits.</summary>
    public required string Id { get; init; }
    public string Object { get; init; } = "submission";
    public required SubmissionState State { get; init; }
    public SubmissionOutcome? Outcome { get; init; }
    public required SubmissionSource Source { get; init; }
    public string? Name { get; init; }

    /// <summary><c>sch_</c> and 32 hex digits.</summary>
    public string? Schedule { get; init; }

    /// <summary>When the schedule meant it to fire.</summary>
    public DateTimeOffset? FireTime { get; init; }
    public required SubmissionCountsView Counts { get; init; }

    /// <summary>The upload broke off: the lines that came are all there is.</summary>
    public bool UploadIncomplete { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the last line had come.</summary>
    public DateTimeOffset? ClosedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public DateTimeOffset? FinishBy { get; init; }

    /// <summary>When the last line is likely to have ended, as of now; null once it has, while nothing is known, and where its lines are for several models.</summary>
    public DateTimeOffset? Eta { get; init; }
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>One page of a listing; <see cref="Next"/> is the cursor for <c>after</c>, null on the last page.</summary>
public sealed record SubmissionPage(IReadOnlyList<SubmissionView> Data, string? Next);

/// <summary>How a line that is a job ended: a line of <c>…/results</c> or <c>…/errors</c>. Lines in OpenAI's shape are answered in that.</summary>
public sealed record SubmissionLineView
{
    /// <summary>Its number in the input, from 1.</summary>
    public required int Line { get; init; }
    public string? CustomId { get; init; }

    /// <summary>Absent where the line did not become a job.</summary>
    public JobId? Job { get; init; }

    /// <summary><c>invalid</c>, or how the job ended.</summary>
    public required string State { get; init; }
    public AnswerSource? Source { get; init; }
    public IReadOnlyList<JobOutput>? Outputs { get; init; }
    public JobUsage? Usage { get; init; }
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
    public SubmissionLineError? Error { get; init; }
}

/// <summary>Why a line has no answer. <see cref="Param"/> names the first member that is at fault.</summary>
public sealed record SubmissionLineError(string Code, string Message, string? Param = null);
