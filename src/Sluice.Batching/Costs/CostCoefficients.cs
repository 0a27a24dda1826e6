namespace Sluice.Batching.Costs;

/// <summary>What a cost model has learned: seconds of a step = A + B × prefill tokens + C × decode tokens + D × KV positions read + <see cref="E"/> × jobs that came meanwhile.</summary>
/// <param name="A">Seconds of a step; 0 or more, as the others.</param>
/// <param name="B">Seconds per prefill token.</param>
/// <param name="C">Seconds per decode token.</param>
/// <param name="D">Seconds per KV position read, summed over rows.</param>
/// <param name="Observed">Steps learned from.</param>
/// <param name="ErrorP50">Median relative error of the last 1,000 steps; 1 before the first.</param>
/// <param name="ErrorP95">95th percentile of the same.</param>
public sealed record CostCoefficients(double A, double B, double C, double D, long Observed, double ErrorP50, double ErrorP95)
{
    /// <summary>Seconds per job that comes while the step runs: who takes it in has the engine's cores meanwhile. 0 where they are others.</summary>
    public double E { get; init; }
}
