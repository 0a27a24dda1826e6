namespace Sluice.Service.Inference;

/// <summary>A second order to stop: a drain waits for no run any more.</summary>
internal sealed class Haste : IDisposable
{
    private readonly CancellationTokenSource _now = new();

    /// <summary>Cancelled by <see cref="Now"/>.</summary>
    public CancellationToken Token => _now.Token;

    public void Now() => _now.Cancel();

    public void Dispose() => _now.Dispose();
}
