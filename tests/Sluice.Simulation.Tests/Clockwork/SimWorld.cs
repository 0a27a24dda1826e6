using System.Globalization;

namespace Sluice.Simulation.Tests.Clockwork;

/// <summary>Something that happens at a time.</summary>
internal interface ISimEvent
{
    /// <param name="version">What was given when it was scheduled: lets a timer know a time that it has since given up.</param>
    void Happen(long version);
}

/// <summary>
/// All that runs and all that will: one thread takes one continuation after the other, chosen by the seed among those that could run, and moves the clock only when
/// none can. Nothing else decides the order, so a seed gives the same run every time.
/// </summary>
internal sealed class SimWorld(ulong seed)
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    // How long a continuation may be kept waiting while time goes on, as on a busy machine.
    private static readonly long s_stall = TimeSpan.FromMilliseconds(20).Ticks;

    private readonly PriorityQueue<(ISimEvent Event, long Version), (long At, long Number)> _events = new();
    private readonly List<(SimProcess Process, Task Task)> _runnable = [];
    private readonly SimRandom _order = new(seed ^ 0x5EED);
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<string>? _trace = SimTrace.IsOn ? [] : null;
    private long _number;
    private ulong _hash = 14695981039346656037;
    private volatile string? _escaped;

    public ulong Seed => seed;

    /// <summary>Since the start.</summary>
    public long Ticks { get; private set; }

    public DateTimeOffset Now => Start.AddTicks(Ticks);

    public TimeSpan Elapsed => TimeSpan.FromTicks(Ticks);

    /// <summary>Continuations and events so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Over all that has happened, in order.</summary>
    public ulong Hash => _hash;

    /// <summary>The first thing that went wrong; null while nothing has.</summary>
    public string? Failure { get; private set; }

    public IReadOnlyList<string> Trace => _trace ?? [];

    public void Schedule(TimeSpan delay, ISimEvent what, long version)
    {
        CheckThread();
        _events.Enqueue((what, version), (Ticks + Math.Max(0, delay.Ticks), _number++));
    }

    public void After(TimeSpan delay, Action what) => Schedule(delay, new Occurrence(what), 0);

    public void Queue(SimProcess process, Task task)
    {
        CheckThread();
        _runnable.Add((process, task));
    }

    /// <summary>Runs until <paramref name="done"/>, asked whenever the clock has moved on a second, or until <paramref name="limit"/> has passed. True where it was done.</summary>
    public bool Run(Func<bool> done, TimeSpan limit)
    {
        long end = Ticks + limit.Ticks;
        long ask = Ticks;
        while (Failure is null)
        {
            if (_runnable.Count == 0 && Ticks >= ask)
            {
                if (done())
                {
                    return true;
                }
                ask = Ticks + TimeSpan.TicksPerSecond;
            }
            if (Ticks >= end || !Step())
            {
                return Failure is null && done();
            }
        }
        return false;
    }

    /// <summary>Ends the run at once with what went wrong.</summary>
    public void Fail(string what)
    {
        Log("world", "FAILED: " + what);
        Failure ??= what;
    }

    /// <summary>Part of the hash, and of the trace where one is kept.</summary>
    public void Mix(long value) => _hash = (_hash ^ (ulong)value) * 1099511628211;

    public void Log(string who, string what) =>
        _trace?.Add(string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds,10:F4} {who,-10} {what}"));

    /// <summary>Nothing runs any more.</summary>
    public bool IsOver { get; set; }

    public bool IsTraced => _trace is not null;

    /// <summary>Anything that comes from another thread would not be decided by the seed.</summary>
    public void CheckThread()
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            _escaped ??= Environment.StackTrace;
            throw new InvalidOperationException("The simulation was called from a thread that is not its own.");
        }
    }

    private bool Step()
    {
        Steps++;
        if (_escaped is { } stack)
        {
            Fail("Something ran outside the scheduler: " + stack);
            return false;
        }
        bool canRun = _runnable.Count > 0;
        if (canRun && !(_order.Chance(0.02) && _events.TryPeek(out _, out (long At, long Number) next) && next.At - Ticks < s_stall))
        {
            int chosen = _order.Below(_runnable.Count);
            (SimProcess process, Task task) = _runnable[chosen];
            _runnable[chosen] = _runnable[^1];
            _runnable.RemoveAt(_runnable.Count - 1);
            Mix(Ticks);
            Mix(process.Number);
            process.Execute(task);
            return true;
        }
        if (!_events.TryDequeue(out (ISimEvent Event, long Version) due, out (long At, long Number) when))
        {
            return canRun;
        }
        Ticks = Math.Max(Ticks, when.At);
        Mix(when.Number);
        due.Event.Happen(due.Version);
        return true;
    }

    private sealed class Occurrence(Action what) : ISimEvent
    {
        public void Happen(long version) => what();
    }
}
