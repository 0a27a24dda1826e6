namespace Sluice.Engine.Planning;

/// <summary>Carries new and cancelled sequences from any thread to the one that owns the step, which can sleep on it.</summary>
/// <remarks>Unbounded: what a caller may hand over is limited before it comes here, by what it has claimed, and each entry holds only its request.</remarks>
internal sealed class Handover
{
    private readonly object _gate = new();
    private readonly List<Sequence> _arrived = [];
    private readonly List<Sequence> _cancelled = [];
    private bool _closed;

    /// <summary>False once closed.</summary>
    public bool TryAdd(Sequence sequence)
    {
        lock (_gate)
        {
            if (_closed)
                return false;
            _arrived.Add(sequence);
            Monitor.Pulse(_gate);
            return true;
        }
    }

    public void Cancel(Sequence sequence)
    {
        lock (_gate)
        {
            _cancelled.Add(sequence);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Nothing more comes in; a sleeper wakes.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Moves all that came in to the lists, arrivals in order; false once closed, after the last of them.</summary>
    /// <param name="arrived">Gets new sequences.</param>
    /// <param name="cancelled">Gets sequences to drop; they may be still to come, running or done.</param>
    /// <param name="sleep">Wait until there is something.</param>
    public bool Collect(List<Sequence> arrived, List<Sequence> cancelled, bool sleep)
    {
        lock (_gate)
        {
            while (sleep && !_closed && _arrived.Count == 0 && _cancelled.Count == 0)
                Monitor.Wait(_gate);
            Move(_arrived, arrived);
            Move(_cancelled, cancelled);
            return !_closed;
        }
    }

    private static void Move(List<Sequence> from, List<Sequence> to)
    {
        foreach (Sequence sequence in from)
            to.Add(sequence);
        from.Clear();
    }
}
