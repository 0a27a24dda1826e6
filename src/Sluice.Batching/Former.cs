using Sluice.Jobs;

namespace Sluice.Batching;

public sealed class Former(FormerOptions options, CostEstimate cost, TimeProvider time)
{
    private readonly (FormerOptions, CostEstimate, TimeProvider) _with = (options, cost, time);

    /// <summary>Jobs that wait.</summary>
    public int Count => throw new NotSupportedException($"{_with}");

    /// <summary>Lets a job wait. False, and nothing changes, where it waits already (a doubled ticket).</summary>
    public bool Add(WaitingJob job) => throw new NotSupportedException($"{job}");

    /// <summary>Takes a job out (cancelled, or lost to another worker). False where it does not wait here.</summary>
    public bool Remove(JobId id) => throw new NotSupportedException($"{id}");

    /// <summary>A twin made it more urgent: the better class and the earlier deadline count. False where it does not wait here.</summary>
    public bool Update(JobId id, JobClass @class, DateTimeOffset? deadline) => throw new NotSupportedException($"{id}{@class}{deadline}");

    /// <summary>Takes out everything that waits (the worker drains), most urgent class first.</summary>
    public IReadOnlyList<WaitingJob> TakeAll() => throw new NotSupportedException();

    /// <summary>Decides. Ask after every arrival and every freed sequence, and again until no batch comes.</summary>
    public FormerDecision Next(EngineRoom room) => throw new NotSupportedException($"{room}");
}
