namespace Sluice.Batching;

/// <summary>What a job is told when it comes.</summary>
/// <param name="Eta">When it is likely to end.</param>
/// <param name="WillMeetDeadline">It ends in time even if it waits twice as long, its answer is longer than nine of ten, and predictions are as wrong as of late.</param>
/// <param name="Wait">Until its first step.</param>
public readonly record struct Quote(DateTimeOffset Eta, bool WillMeetDeadline, TimeSpan Wait);
