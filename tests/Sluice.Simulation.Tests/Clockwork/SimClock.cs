namespace Sluice.Simulation.Tests.Clockwork;

/// <summary>A process's clock: the world's, set wrong by its skew. Its timers ring in virtual time, inside the process.</summary>
internal sealed class SimClock(SimProcess process) : TimeProvider
{
    public TimeSpan Skew { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        process.World.CheckThread();
        return process.World.Now + Skew;
    }

    public override long GetTimestamp() => process.World.Ticks + TimeSpan.TicksPerDay;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        SimTimer timer = new(process, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class SimTimer(SimProcess process, TimerCallback callback, object? state) : ITimer, ISimEvent
    {
        private long _version;
        private TimeSpan _period;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _version++;
            _period = period;
            if (dueTime >= TimeSpan.Zero && !process.IsDead)
            {
                process.World.Schedule(dueTime, this, _version);
            }
            return true;
        }

        public void Happen(long version)
        {
            if (version != _version || process.IsDead)
            {
                return;
            }
            if (_period > TimeSpan.Zero)
            {
                process.World.Schedule(_period, this, _version);
            }
            process.Post(callback, state);
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
