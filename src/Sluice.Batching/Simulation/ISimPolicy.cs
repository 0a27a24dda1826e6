namespace Sluice.Batching.Simulation;

/// <summary>Decides what a simulated engine runs. Called between steps, in order of time; times are seconds since the trace's start.</summary>
internal interface ISimPolicy
{
    /// <summary>Jobs that wait with it.</summary>
    int Waiting { get; }

    /// <summary>When to decide again though nothing has happened; <see cref="double.PositiveInfinity"/> for never.</summary>
    double LookAgainAt { get; }

    /// <summary>Lets a job wait.</summary>
    void Arrive(SimJob job, double now);

    /// <summary>Hands jobs to the engine, and drops those that it gives up.</summary>
    void Decide(SimEngine engine, double now, List<SimJob> dropped);

    /// <summary>Hears of a step just made.</summary>
    void Stepped(SimEngine engine);

    /// <summary>Hears of a run's end.</summary>
    void Ended(SimRun run, double now);
}
