using Sluice.Jobs;

namespace Sluice.Service.Webhooks;

/// <summary>The closed set of events: <c>job.</c> and a terminal state, or any of them; a submission's end.</summary>
internal static class WebhookEvents
{
    /// <summary>Matches every end of a job.</summary>
    public const string Any = "job.finished";

    /// <summary>A submission is finished or cancelled. Of endpoints only: a job's own webhook tells of that job.</summary>
    public const string Submission = "submission.finished";

    public static readonly IReadOnlyList<string> OfJobs = [.. Enum.GetValues<JobState>().Where(state => state.IsTerminal()).Select(Name), Any];

    public static readonly IReadOnlyList<string> All = [.. OfJobs, Submission];

    public static string Name(JobState state) => $"job.{state.ToString().ToLowerInvariant()}";
}
