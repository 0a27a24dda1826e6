namespace Sluice.Chaos.Faults;

/// <summary>What is wrong with the connections of a proxy, all of them, from now on.</summary>
internal sealed class Toxics
{
    private TaskCompletionSource _open = Opened();

    /// <summary>Every chunk comes this much later.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>0: as fast as it goes.</summary>
    public int BytesPerSecond { get; set; }

    /// <summary>How often an answer is thrown away and its connection reset, after the request was passed on: 0 to 1.</summary>
    public double LoseAnswer { get; set; }

    /// <summary>Server to client nothing arrives, and nobody is told (half open).</summary>
    public bool Swallows { get; private set; }

    public void Swallow()
    {
        if (!Swallows)
        {
            _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Swallows = true;
        }
    }

    /// <summary>All well again, but for <see cref="LoseAnswer"/>, which stays as it is set.</summary>
    public void Heal()
    {
        Latency = TimeSpan.Zero;
        BytesPerSecond = 0;
        Swallows = false;
        _open.TrySetResult();
    }

    public Task PassAsync(CancellationToken cancellationToken) => _open.Task.WaitAsync(cancellationToken);

    private static TaskCompletionSource Opened()
    {
        TaskCompletionSource open = new();
        open.SetResult();
        return open;
    }
}
