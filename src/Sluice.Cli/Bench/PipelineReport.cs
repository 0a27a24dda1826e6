namespace Sluice.Cli.Bench;

/// <summary>What <c>sluice bench pipeline --json</c> prints: every run, and beside them the figures of the first.</summary>
internal sealed record PipelineReport(IReadOnlyList<PipelineRun> Runs, double JobsPerS, double P50Ms, double P99Ms);

/// <summary>One run. Times are the jobs' own, by the store's clock: a job's latency from acceptance to its end, the rate from the first acceptance to the last end.</summary>
/// <param name="Cache"><c>off</c>, <c>exact</c> or <c>semantic</c> (exact and semantic); with a cache, half of the prompts are repeats.</param>
/// <param name="Succeeded">Jobs that ended well; the others count as failures of the bench.</param>
/// <param name="Reused">Jobs answered without running, from the cache or by a twin.</param>
internal sealed record PipelineRun(string Cache, int Jobs, int Succeeded, int Reused, double Seconds, double JobsPerS, double P50Ms, double P99Ms);
