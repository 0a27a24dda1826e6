namespace Sluice.Engine;

/// <summary>A request on its way through a <see cref="StubEngine"/>; it ends once, however many would end it.</summary>
internal sealed class StubTicket(EngineRequest request, long handedOverAt, CancellationToken cancellationToken)
{
    private readonly TaskCompletionSource<EngineResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _registration;
    private int _ended;

    public EngineRequest Request => request;

    public CancellationToken CancellationToken => cancellationToken;

    public long HandedOverAt => handedOverAt;

    public long StartedAt { get; set; }

    public Task<EngineResult> Task => _completion.Task;

    /// <summary>Calls back when the caller cancels, at once where it already has.</summary>
    public void CancelWith(Action<StubTicket> cancel)
    {
        _registration = cancellationToken.Register(() => cancel(this));
        if (Task.IsCompleted)
            _registration.Unregister();
    }

    /// <summary>True for the one that may end it.</summary>
    public bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;

    public void SetResult(EngineResult result)
    {
        _registration.Unregister();
        _completion.SetResult(result);
    }

    public void Fail(string message)
    {
        _registration.Unregister();
        _completion.SetException(new InvalidOperationException(message));
    }

    public void Cancel()
    {
        _registration.Unregister();
        _completion.SetCanceled(cancellationToken.IsCancellationRequested ? cancellationToken : new CancellationToken(true));
    }
}
