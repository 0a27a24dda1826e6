using Sluice.Jobs;

namespace Sluice.Service.Webhooks;

/// <summary>The closed set of events: <c>job.</c> and a terminal state, or any of them.</summary>
internal static class WebhookEvents
{
    /// <summary>Matches every end of a job.</summary>
    public const string Any = "job.finished";

    public static readonly IReadOnlyList<string> All = [.. Enum.GetValues<JobState>().Where(state => state.IsTerminal()).Select(Name), Any];

    public static string Name(JobState state) => $"job.{state.ToString().ToLowerInvariant()}";
}
