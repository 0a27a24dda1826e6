using Sluice.Service.Inference;

namespace Sluice.Service.Intake;

/// <summary>
/// "Something was committed that may have put rows into the outbox": lets the relay start at once instead of at its next poll.
/// Pulses while nobody waits are remembered as one. One waiter at a time.
/// </summary>
internal sealed class OutboxSignal(TimeProvider time)
{
    private readonly WakeUp _wake = new(time);

    /// <summary>Never blocks; safe from any thread.</summary>
    public void Pulse() => _wake.Pulse();

    /// <summary>True after a pulse, at once where one came before; false when <paramref name="timeout"/> passed (the poll beneath).</summary>
    public Task<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken) => _wake.WaitAsync(timeout, cancellationToken);
}
