namespace Sluice.Service.Inference;

/// <summary>"Look again": pulses while nobody waits are remembered as one. One waiter at a time.</summary>
internal sealed class WakeUp : IDisposable
{
    private readonly SemaphoreSlim _pulse = new(0, 1);
    private int _set;

    /// <summary>Never blocks; safe from any thread.</summary>
    public void Pulse()
    {
        if (Interlocked.Exchange(ref _set, 1) == 0)
        {
            _pulse.Release();
        }
    }

    /// <summary>Returns after a pulse, at once where one came before, or when <paramref name="timeout"/> has passed (infinite: <see cref="Timeout.InfiniteTimeSpan"/>).</summary>
    public async Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (await _pulse.WaitAsync(timeout, cancellationToken))
        {
            Volatile.Write(ref _set, 0);
        }
    }

    public void Dispose() => _pulse.Dispose();
}
