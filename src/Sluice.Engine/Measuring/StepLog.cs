using System.Diagnostics;

namespace Sluice.Engine.Measuring;

/// <summary>The steps of an engine with the moment each ended. Written by the engine's thread.</summary>
internal sealed class StepLog
{
    private readonly List<(StepReport Report, long End)> _steps = [];

    public void Add(StepReport report)
    {
        lock (_steps)
            _steps.Add((report, Stopwatch.GetTimestamp()));
    }

    /// <summary>All steps since the last call.</summary>
    public IReadOnlyList<(StepReport Report, long End)> Take()
    {
        lock (_steps)
        {
            (StepReport, long)[] taken = [.. _steps];
            _steps.Clear();
            return taken;
        }
    }
}
