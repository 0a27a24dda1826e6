namespace Sluice.Chaos.Faults;

/// <summary>What is wrong with the connections of a proxy, all of them, from now on.</summary>
internal sealed class Toxics
{
    private readonly Gate _toServer = new(), _toClient = new();

    /// <summary>Every chunk comes this much later.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>0: as fast as it goes.</summary>
    public int BytesPerSecond { get; set; }

    /// <summary>How often an answer is thrown away and its connection reset, after the request was passed on: 0 to 1.</summary>
    public double LoseAnswer { get; set; }

    /// <summary>Server to client nothing arrives, and nobody is told (half open).</summary>
    public void Swallow() => _toClient.Close();

    /// <summary>Nothing arrives either way, and nobody is told. What was sent meanwhile arrives when it heals, as over a line that was out.</summary>
    public void Part()
    {
        _toServer.Close();
        _toClient.Close();
    }

    /// <summary>All well again, but for <see cref="LoseAnswer"/>, which stays as it is set.</summary>
    public void Heal()
    {
        Latency = TimeSpan.Zero;
        BytesPerSecond = 0;
        _toServer.Open();
        _toClient.Open();
    }

    public Task ToServerAsync(CancellationToken cancellationToken) => _toServer.PassAsync(cancellationToken);

    public Task ToClientAsync(CancellationToken cancellationToken) => _toClient.PassAsync(cancellationToken);

    /// <summary>Open at first.</summary>
    private sealed class Gate
    {
        private TaskCompletionSource? _closed;

        public void Close() => Interlocked.CompareExchange(ref _closed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

        public void Open() => Interlocked.Exchange(ref _closed, null)?.TrySetResult();

        public Task PassAsync(CancellationToken cancellationToken) => Volatile.Read(ref _closed)?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;
    }
}
