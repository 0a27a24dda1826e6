namespace Sluice.Service.Intake;

/// <summary>
/// "Something was committed that may have put rows into the outbox": lets the relay start at once instead of at its next poll.
/// Pulses while nobody waits are remembered as one. One waiter at a time.
/// </summary>
internal sealed class OutboxSignal : IDisposable
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

    /// <summary>True after a pulse, at once where one came before; false when <paramref name="timeout"/> passed (the poll beneath).</summary>
    public async Task<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (!await _pulse.WaitAsync(timeout, cancellationToken))
        {
            return false;
        }
        Volatile.Write(ref _set, 0);
        return true;
    }

    public void Dispose() => _pulse.Dispose();
}
