namespace Sluice.Batching.Simulation;

/// <summary>The baselines: what others order their queues by.</summary>
internal enum SimOrder
{
    /// <summary>First come, first served.</summary>
    Fcfs,

    /// <summary>Class by class, and within a class equal prefixes together.</summary>
    PriorityPrefix,

    /// <summary>Earliest deadline first.</summary>
    Edf,

    /// <summary>Earliest deadline first; who cannot be done in time by the predicted cost is dropped.</summary>
    EdfCost,

    /// <summary>Least time between now and the latest start by the predicted cost; below zero is dropped.</summary>
    LeastLaxity,

    /// <summary>Whoever finds most of its prefix computed.</summary>
    LongestPrefix,
}
