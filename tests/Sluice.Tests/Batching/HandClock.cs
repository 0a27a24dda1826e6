namespace Sluice.Tests.Batching;

/// <summary>A clock that moves only by hand.</summary>
internal sealed class HandClock : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public void Pass(double milliseconds) => Now += TimeSpan.FromMilliseconds(milliseconds);

    public override DateTimeOffset GetUtcNow() => Now;
}
