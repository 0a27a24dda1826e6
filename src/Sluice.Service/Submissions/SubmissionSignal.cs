namespace Sluice.Service.Submissions;

/// <summary>"There are lines to feed": lets this process's feeder start at once instead of at its next look. Pulses while nobody waits are remembered as one.</summary>
internal sealed class SubmissionSignal : IDisposable
{
    private readonly SemaphoreSlim _pulse = new(0, 1);
    private int _set;

    public void Pulse()
    {
        if (Interlocked.Exchange(ref _set, 1) == 0)
        {
            _pulse.Release();
        }
    }

    /// <summary>Returns after a pulse or when <paramref name="timeout"/> has passed. One waiter.</summary>
    public async Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (await _pulse.WaitAsync(timeout, cancellationToken))
        {
            Volatile.Write(ref _set, 0);
        }
    }

    public void Dispose() => _pulse.Dispose();
}
