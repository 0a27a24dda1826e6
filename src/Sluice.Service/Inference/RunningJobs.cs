using System.Collections.Concurrent;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>Jobs that an engine of this process runs, each with the switch that ends it early.</summary>
internal sealed class RunningJobs
{
    private readonly ConcurrentDictionary<JobId, Run> _runs = new();
    private int _active;

    /// <summary>Jobs between their hand-over to a claim and their outcome's hand-over to the finisher.</summary>
    public int Active => Volatile.Read(ref _active);

    public Fence[] Fences => [.. _runs.Values.Select(run => run.Fence)];

    public bool Contains(JobId id) => _runs.ContainsKey(id);

    /// <summary>Counts jobs as active before their claim, so that a drain waits for the claim's answer.</summary>
    public void Enter(int jobs) => Interlocked.Add(ref _active, jobs);

    public void Leave(int jobs) => Interlocked.Add(ref _active, -jobs);

    public void Add(Fence fence, CancellationTokenSource cancel) => _runs[fence.Job] = new Run(fence, cancel);

    public void Remove(JobId id) => _runs.TryRemove(id, out _);

    /// <summary>Ends a run early; its pages are free soon after.</summary>
    public void Cancel(JobId id)
    {
        if (_runs.TryGetValue(id, out Run? run))
        {
            Cancel(run);
        }
    }

    /// <summary>Ends all runs early and says which they were.</summary>
    public Fence[] CancelAll()
    {
        Run[] runs = [.. _runs.Values];
        foreach (Run run in runs)
        {
            Cancel(run);
        }
        return [.. runs.Select(run => run.Fence)];
    }

    private static void Cancel(Run run)
    {
        try
        {
            run.Cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // it ended by itself meanwhile
        }
    }

    private sealed record Run(Fence Fence, CancellationTokenSource Cancel);
}
