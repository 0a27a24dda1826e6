using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>A run that is this scheduler's: held on while work is done on it, given back or ended in the end. Its token is cancelled when the run is lost.</summary>
internal sealed class FiringClaim : IAsyncDisposable
{
    private readonly IScheduleStore _store;
    private readonly TimeSpan _lease;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly Action<Exception> _failed;
    private readonly Task _keeping;

    /// <param name="store">Where it was claimed.</param>
    /// <param name="work">What was claimed.</param>
    /// <param name="lease">It is held on at each third.</param>
    /// <param name="failed">Told of a failure to hold on that is not the store's absence.</param>
    /// <param name="time">Whose thirds.</param>
    /// <param name="stopping">Ends the work.</param>
    public FiringClaim(IScheduleStore store, ClaimedFiring work, TimeSpan lease, Action<Exception> failed, TimeProvider time, CancellationToken stopping)
    {
        (_store, Work, _lease, _failed, _time) = (store, work, lease, failed, time);
        _source = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _keeping = KeepAsync(_source.Token);
    }

    public ClaimedFiring Work { get; }

    public FiringRecord Firing => Work.Firing;

    /// <summary>Of all work on the run.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Another has it, or it was told to cancel.</summary>
    public bool Lost { get; private set; }

    /// <summary>Writes what is new and holds on. Throws <see cref="FiringLostException"/> where the run is lost.</summary>
    public async Task RecordAsync(FiringChange change, CancellationToken cancellationToken)
    {
        if (!await _store.RecordAsync(Work.Fence, change, cancellationToken))
        {
            Lost = true;
            throw new FiringLostException();
        }
    }

    public Task ProgressAsync(long? rows = null, long? delivered = null, string? sinkCursor = null) =>
        RecordAsync(new FiringChange { Rows = rows, Delivered = delivered, SinkCursor = sinkCursor, Lease = _lease }, Token);

    public Task EndAsync(FiringState state, string? code = null, string? message = null) =>
        RecordAsync(new FiringChange { State = state, ErrorCode = code, ErrorMessage = message, Lease = TimeSpan.Zero }, Token);

    /// <summary>For another to go on after a pause.</summary>
    public async Task GiveBackAsync(TimeSpan pause, CancellationToken cancellationToken) => await _store.RecordAsync(Work.Fence, new FiringChange { Lease = pause }, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _source.CancelAsync();
        await _keeping;
        _source.Dispose();
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_lease / 3, _time, cancellationToken);
                try
                {
                    if (!await _store.RecordAsync(Work.Fence, new FiringChange { Lease = _lease }, cancellationToken))
                    {
                        Lost = true;
                        await _source.CancelAsync();
                        return;
                    }
                }
                catch (StoreUnavailableException)
                {
                    // the next third of the lease
                }
                catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
                {
                    _failed(failure); // and the next third
                }
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // the work has ended
        }
    }
}
