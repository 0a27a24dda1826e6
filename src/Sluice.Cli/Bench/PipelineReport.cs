namespace Sluice.Cli.Bench;

/// <summary>What <c>sluice bench pipeline --json</c> prints: every run, and beside them the figures of the first.</summary>
internal sealed record PipelineReport(IReadOnlyList<PipelineRun> Runs, double JobsPerS, double P50Ms, double P99Ms)
{
    /// <summary>With <c>--submission</c>: then there are no runs of single jobs.</summary>
    public SubmissionRun? Submission { get; init; }
}

/// <summary>All jobs as one JSONL submission.</summary>
/// <param name="IngestSeconds">From the first byte sent to the answer: every line is durable then.</param>
/// <param name="Seconds">From the first byte sent to the end of the submission, as seen by who polls it.</param>
/// <param name="StoreSeconds">From acceptance to the end, by the store's clock.</param>
/// <param name="PeakMb">Most memory that the process ever had resident (VmHWM), service and client together; null where the system does not tell.</param>
internal sealed record SubmissionRun(
    int Lines, int Succeeded, double IngestSeconds, double LinesPerS, double Seconds, double JobsPerS, double StoreSeconds, double? PeakMb);

/// <summary>One run. Times are the jobs' own, by the store's clock: a job's latency from acceptance to its end, the rate from the first acceptance to the last end.</summary>
/// <param name="Cache"><c>off</c>, <c>exact</c> or <c>semantic</c> (exact and semantic); with a cache, half of the prompts are repeats.</param>
/// <param name="Succeeded">Jobs that ended well; the others count as failures of the bench.</param>
/// <param name="Reused">Jobs answered without running, from the cache or by a twin.</param>
internal sealed record PipelineRun(string Cache, int Jobs, int Succeeded, int Reused, double Seconds, double JobsPerS, double P50Ms, double P99Ms);
