namespace Sluice.Batching.Simulation;

/// <summary>What became of one job; times are negative for what never came.</summary>
internal readonly record struct SimRecord(double StartedAt, double EndedAt, bool Dropped, int Prefilled, int Cached)
{
    public bool OnTime(SimJob job) => !Dropped && EndedAt >= 0 && EndedAt <= job.Deadline;
}

/// <summary>A policy's run over a workload.</summary>
/// <param name="Jobs">The workload.</param>
/// <param name="Records">By job index.</param>
/// <param name="EndedAt">When the last job left.</param>
/// <param name="Busy">Seconds in which the engine made steps.</param>
/// <param name="Engine">Its counters.</param>
internal sealed record SimRunRecord(SimJob[] Jobs, SimRecord[] Records, double EndedAt, double Busy, SimEngine Engine);
