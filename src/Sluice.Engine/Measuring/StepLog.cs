using System.Diagnostics;

namespace Sluice.Engine.Measuring;

/// <summary>The steps of an engine with the moment each ended, and a gate that holds the engine between two steps. Written by the engine's thread.</summary>
internal sealed class StepLog : IDisposable
{
    private readonly ManualResetEventSlim _gate = new(initialState: true);
    private bool _holds;
    private readonly List<(StepReport Report, long End)> _steps = [];

    public void Add(StepReport report)
    {
        lock (_steps)
            _steps.Add((report, Stopwatch.GetTimestamp()));
        if (_gate.IsSet)
            return;
        Holds = true;
        _gate.Wait(CancellationToken.None);
        Holds = false;
    }

    /// <summary>True while the engine stands at the gate.</summary>
    public bool Holds
    {
        get => Volatile.Read(ref _holds);
        private set => Volatile.Write(ref _holds, value);
    }

    /// <summary>The engine stops at the end of its next step.</summary>
    public void Hold() => _gate.Reset();

    public void Release() => _gate.Set();

    public void Dispose() => _gate.Dispose();

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
