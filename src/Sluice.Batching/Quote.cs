namespace Sluice.Batching;

/// <summary>What a job is told when it comes.</summary>
/// <param name="Eta">When it is likely to end.</param>
/// <param name="WillMeetDeadline">It ends in time even if it waits twice as long, its answer is longer than nine of ten, and predictions are as wrong as of late.</param>
/// <param name="Wait">Until its first step.</param>
public readonly record struct Quote(DateTimeOffset Eta, bool WillMeetDeadline, TimeSpan Wait)
{
    /// <summary>For a job that comes at <paramref name="now"/> and waits so long for what goes before it.</summary>
    public static Quote Of(WaitingJob job, CostEstimate cost, TimeSpan wait, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(cost);
        return new(now + wait + cost.Middling(job), job.Deadline is not { } deadline || now + 2 * wait + cost.Predict(job).Safe <= deadline, wait);
    }
}
