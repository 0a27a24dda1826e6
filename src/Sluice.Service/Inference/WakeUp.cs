namespace Sluice.Service.Inference;

/// <summary>"Look again": pulses while nobody waits are remembered as one. One waiter at a time.</summary>
internal sealed class WakeUp(TimeProvider time)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource<bool>? _waiter;
    private bool _pulsed;

    /// <summary>Never blocks; safe from any thread.</summary>
    public void Pulse()
    {
        lock (_lock)
        {
            // a waiter whose time is over already has not seen this pulse
            if (_waiter?.TrySetResult(true) != true)
            {
                _pulsed = true;
            }
        }
    }

    /// <summary>
    /// True after a pulse, at once where one came before; false when <paramref name="timeout"/> passed (infinite: <see cref="Timeout.InfiniteTimeSpan"/>).
    /// </summary>
    public async Task<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource<bool> waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_pulsed)
            {
                _pulsed = false;
                return true;
            }
            _waiter = _waiter is null ? waiter : throw new InvalidOperationException("Somebody waits already.");
        }
        using CancellationTokenRegistration cancel = cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource<bool>)state!).TrySetCanceled(token), waiter);
        using ITimer? timer = timeout == Timeout.InfiniteTimeSpan
            ? null
            : time.CreateTimer(static state => ((TaskCompletionSource<bool>)state!).TrySetResult(false), waiter, timeout, Timeout.InfiniteTimeSpan);
        try
        {
            return await waiter.Task;
        }
        finally
        {
            lock (_lock)
            {
                _waiter = null;
            }
        }
    }
}
