using System.Diagnostics;
using Sluice.Engine.Backends;

namespace Sluice.Engine.Measuring;

/// <summary>Turns counts of operations into shares.</summary>
internal static class ProfileReader
{
    /// <param name="name">Of the kind of step.</param>
    /// <param name="rows">Tokens of such a step.</param>
    /// <param name="steps">How long the engine says that they took.</param>
    /// <param name="profiler">What was counted in them.</param>
    /// <param name="peaks">Of the machine.</param>
    /// <param name="linearPeak">10^9 operations per second of products with weights.</param>
    /// <param name="attentionPeak">The same of attention; what is left is counted at that of float32.</param>
    public static StepProfile Read(string name, int rows, TimeSpan[] steps, ProfilingBackend profiler, Peaks peaks, double linearPeak, double attentionPeak)
    {
        double step = steps.Average(time => time.TotalMilliseconds);
        List<OperationProfile> operations = [];
        foreach ((string operation, OperationCount count) in profiler.Counts.OrderByDescending(count => count.Value.Ticks))
        {
            double seconds = count.Ticks / (double)Stopwatch.Frequency;
            double peak = count.Linear ? linearPeak : operation == ProfilingBackend.Attention ? attentionPeak : peaks.FmaGflops;
            double limit = Math.Max(count.Operations / peak, count.Bytes / peaks.ReadGbs) / 1e9;
            double ms = 1e3 * seconds / profiler.Steps;
            operations.Add(new OperationProfile(
                operation, (double)count.Calls / profiler.Steps, ms, ms / step, count.Operations / seconds / 1e9, count.Bytes / seconds / 1e9, limit / seconds,
                (double)count.Operations / profiler.Steps, (double)count.Bytes / profiler.Steps));
        }

        double rest = step - operations.Sum(operation => operation.MsPerStep);
        operations.Add(new OperationProfile("the rest: plan, rotary angles, copies, sampling", 1, rest, rest / step, 0, 0, 0, 0, 0));
        return new StepProfile(name, rows, profiler.Steps, step, operations);
    }
}
