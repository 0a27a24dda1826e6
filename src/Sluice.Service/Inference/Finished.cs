using System.Diagnostics;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>A run's end on its way to the store.</summary>
/// <param name="Reserved">What was known before the claim, for the figures; null where it was forgotten.</param>
/// <param name="Batch">Span of the batch that it ran in.</param>
internal sealed record Finished(JobOutcome Outcome, ClaimedJob Job, ReservedJob? Reserved, ActivityContext? Batch)
{
    /// <summary>When the claim was answered, as a time stamp of the process's clock.</summary>
    public long ClaimedAt { get; init; }
}
