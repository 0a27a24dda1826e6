using System.Collections.Concurrent;
using Sluice.Jobs;

namespace Sluice.Service.Intake;

/// <summary>
/// Who waits in this process for which job's end. Told by JobFinished; a waiter still looks into the store now and then,
/// for an event may be lost.
/// </summary>
internal sealed class JobWaiters(TimeProvider time)
{
    private readonly ConcurrentDictionary<JobId, Entry> _entries = new();

    /// <summary>Jobs that somebody waits for.</summary>
    public int Count => _entries.Count;

    /// <summary>Starts watching, best before the job is stored: an end that is told between here and <see cref="JobWatch.WaitAsync"/> is not missed.</summary>
    public JobWatch Watch(JobId id)
    {
        while (true)
        {
            Entry entry = _entries.GetOrAdd(id, static _ => new Entry());
            lock (entry)
            {
                if (!entry.Gone)
                {
                    entry.Watchers++;
                    return new JobWatch(this, id, entry.Ended.Task, time);
                }
            }
        }
    }

    /// <summary>True when the job's end was told within <paramref name="timeout"/>; false says nothing but that the time is over.</summary>
    public async Task<bool> WaitAsync(JobId id, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using JobWatch watch = Watch(id);
        return await watch.WaitAsync(timeout, cancellationToken);
    }

    /// <summary>The job has ended: releases everybody who waits for it. Cheap where nobody does.</summary>
    public void Finished(JobId id)
    {
        if (_entries.TryGetValue(id, out Entry? entry))
        {
            entry.Ended.TrySetResult();
        }
    }

    internal void Leave(JobId id)
    {
        if (!_entries.TryGetValue(id, out Entry? entry))
        {
            return;
        }
        lock (entry)
        {
            if (--entry.Watchers == 0)
            {
                entry.Gone = true;
                _entries.TryRemove(id, out _);
            }
        }
    }

    private sealed class Entry
    {
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Watchers { get; set; }
        public bool Gone { get; set; }
    }
}

/// <summary>One watcher of one job; dispose to stop watching.</summary>
internal sealed class JobWatch(JobWaiters waiters, JobId id, Task ended, TimeProvider time) : IDisposable
{
    private bool _left;

    /// <summary>True when the job's end was told; false when <paramref name="timeout"/> passed first. May be called again.</summary>
    public async Task<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (ended.IsCompleted)
        {
            return true;
        }
        try
        {
            await ended.WaitAsync(timeout, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        if (!_left)
        {
            _left = true;
            waiters.Leave(id);
        }
    }
}
