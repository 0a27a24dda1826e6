namespace Sluice.Store;

/// <summary>How a firing begins, by its schedule's overlap policy and what of the schedule has not ended.</summary>
internal readonly record struct FiringStart(FiringState State, string? Code, string? Message, bool CancelsOlder)
{
    /// <param name="overlap">The policy.</param>
    /// <param name="open">Firings that have not ended.</param>
    /// <param name="waiting">Those of them that wait.</param>
    /// <param name="mostWaiting">That may.</param>
    public static FiringStart Of(OverlapPolicy overlap, int open, int waiting, int mostWaiting) => overlap switch
    {
        _ when open == 0 => new(FiringState.Staging, null, null, false),
        OverlapPolicy.Skip => new(FiringState.Skipped, FiringEnds.Overlap, FiringEnds.OverlapMessage, false),
        OverlapPolicy.Queue when waiting >= mostWaiting => new(FiringState.Skipped, FiringEnds.QueueFull, FiringEnds.QueueFullMessage, false),
        OverlapPolicy.Queue => new(FiringState.Waiting, null, null, false),
        _ => new(FiringState.Staging, null, null, true),
    };
}
