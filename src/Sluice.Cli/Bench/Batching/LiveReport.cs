using Sluice.Batching.Costs;

namespace Sluice.Cli.Bench.Batching;

/// <summary>What a replay through the running service came to, beside what the simulator says of the same jobs.</summary>
/// <param name="Trace">File name.</param>
/// <param name="Model">Folder's name.</param>
/// <param name="Requests">Of the trace's beginning.</param>
/// <param name="Scale">Trace tokens that became one.</param>
/// <param name="Seed">Of classes, deadlines and texts.</param>
/// <param name="Loads">One per load.</param>
internal sealed record LiveReport(string Trace, string Model, int Requests, int Scale, int Seed, IReadOnlyList<LiveLoad> Loads);

/// <summary>Step = a + b × prefill + c × decode + d × positions attended to + e × jobs that come meanwhile, in seconds; relative error of its predictions.</summary>
internal sealed record LiveCosts(double A, double B, double C, double D, double E, double ErrorP50, double ErrorP95)
{
    public static LiveCosts Of(CostCoefficients costs) => new(costs.A, costs.B, costs.C, costs.D, costs.E, costs.ErrorP50, costs.ErrorP95);
}

/// <summary>One load; differences are those of <paramref name="Predicted"/>, as shares of the measurement.</summary>
/// <param name="Load">Of the capacity that was seen.</param>
/// <param name="Costs">Of a step, as the service's cost model had learned them before, from a replay of the same load with another seed.</param>
/// <param name="Measured">The service.</param>
/// <param name="Predicted">The simulator, with the step costs learned before.</param>
/// <param name="Afterwards">The simulator, with the step costs learned by the replay's end.</param>
/// <param name="WaitDifference">Of the mean wait.</param>
/// <param name="ThroughputDifference">Of the tokens per second.</param>
/// <param name="WithinAim">Both at most <see cref="Aim"/>.</param>
internal sealed record LiveLoad(double Load, LiveCosts Costs, LiveSide Measured, LiveSide Predicted, LiveSide Afterwards, double WaitDifference, double ThroughputDifference, bool WithinAim)
{
    /// <summary>How far a prediction may be off.</summary>
    public const double Aim = 0.15;

    public static LiveLoad Of(double load, LiveCosts costs, LiveSide measured, LiveSide predicted, LiveSide afterwards)
    {
        double wait = Difference(predicted.MeanWaitS, measured.MeanWaitS), throughput = Difference(predicted.ThroughputTokS, measured.ThroughputTokS);
        return new(load, costs, measured, predicted, afterwards, wait, throughput, Math.Abs(wait) <= Aim && Math.Abs(throughput) <= Aim);
    }

    public static double Difference(double predicted, double measured) => Math.Round((predicted - measured) / Math.Max(measured, 1e-9), 4);
}

/// <summary>Waits are from arrival to the first step, of jobs that ran; throughput is of all tokens, prompt and generated, of jobs that ended, from the first arrival to the last end.</summary>
internal sealed record LiveSide(double MeanWaitS, double P99WaitS, double ThroughputTokS, double Seconds, int Ran, int Expired, long ComputedTok, long Steps);
