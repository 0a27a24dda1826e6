namespace Sluice.Batching.Simulation;

/// <summary>A simulation's time, for code that reads a clock.</summary>
internal sealed class SimClock : TimeProvider
{
    private static readonly DateTimeOffset _start = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private DateTimeOffset _now = _start;

    public double Seconds
    {
        set => _now = At(value);
    }

    public static DateTimeOffset At(double seconds) => _start + TimeSpan.FromSeconds(seconds);

    public static double Of(DateTimeOffset time) => (time - _start).TotalSeconds;

    public override DateTimeOffset GetUtcNow() => _now;
}
