namespace Sluice.Integration.Tests.Queue;

/// <summary>What an engine waits at. Opened at the end of a test whatever comes: a worker whose engine waits for ever cannot be stopped, and nobody would hear why.</summary>
internal sealed class Gate : IDisposable
{
    private readonly ManualResetEventSlim _open = new();

    public void Wait() => _open.Wait();

    public void Open() => _open.Set();

    public void Dispose() => _open.Set();
}
