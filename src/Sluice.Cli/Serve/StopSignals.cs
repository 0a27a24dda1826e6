using System.Runtime.InteropServices;

namespace Sluice.Cli.Serve;

/// <summary>SIGTERM and SIGINT: the first is the order to stop, the second to leave at once. A process that does not end within its time after the first is ended by force.</summary>
internal sealed class StopSignals : IDisposable
{
    /// <summary>Longer than a host takes to drain.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private const int Terminated = 143; // 128 + SIGTERM
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _first;
    private readonly CancellationTokenSource _second = new();
    private readonly PosixSignalRegistration[] _registrations;
    private ITimer? _force;
    private int _told;

    public StopSignals(TimeProvider time, CancellationToken cancellationToken)
    {
        _time = time;
        _first = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, Told), PosixSignalRegistration.Create(PosixSignal.SIGINT, Told)];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stop => _first.Token;

    /// <summary>Cancelled by the second.</summary>
    public CancellationToken AtOnce => _second.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
        _force?.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    private void Told(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (Interlocked.Increment(ref _told) > 1)
        {
            _second.Cancel();
            return;
        }
        _force = _time.CreateTimer(_ => Environment.Exit(Terminated), null, s_patience, Timeout.InfiniteTimeSpan);
        _first.Cancel();
    }
}
