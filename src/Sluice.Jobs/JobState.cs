using System.Text.Json.Serialization;

namespace Sluice.Jobs;

/// <summary>Where a job stands. The last four are terminal: they never change.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<JobState>))]
public enum JobState
{
    Queued = 0,
    Running = 1,
    Succeeded = 2,
    Failed = 3,
    Expired = 4,
    Cancelled = 5,
}

/// <summary>Which state may follow which.</summary>
public static class JobStates
{
    public static bool IsTerminal(this JobState state) => state >= JobState.Succeeded;

    /// <summary>
    /// True where a job in <paramref name="from"/> may go to <paramref name="to"/>: queued to running or to any end (a cache hit succeeds unrun);
    /// running to any end or back to queued (its worker died or drained). Nothing leaves a terminal state.
    /// </summary>
    public static bool MayFollow(JobState from, JobState to) => from switch
    {
        JobState.Queued => to != JobState.Queued,
        JobState.Running => to != JobState.Running,
        _ => false,
    };
}
