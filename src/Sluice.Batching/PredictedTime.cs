namespace Sluice.Batching;

/// <summary>How long a job takes once it runs.</summary>
/// <param name="Expected">The least to count on: an answer as short as its kind's shortest. Zero until enough has been observed, so that nothing is given up on a guess.</param>
/// <param name="Safe">An answer as long as nine of ten, with a margin as wide as the guesses were wrong; at least <paramref name="Expected"/>.</param>
public readonly record struct PredictedTime(TimeSpan Expected, TimeSpan Safe);
