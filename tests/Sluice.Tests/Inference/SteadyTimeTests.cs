using Sluice.Service.Inference;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class SteadyTimeTests
{
    [Fact]
    public void It_goes_on_as_if_nobody_had_set_the_clock()
    {
        SettableTime time = new();
        SteadyTime steady = new(time);
        DateTimeOffset start = steady.GetUtcNow();
        Assert.Equal(time.GetUtcNow(), start);
        time.Passed = TimeSpan.FromSeconds(10);
        time.Set = TimeSpan.FromHours(-3);
        Assert.Equal(start + TimeSpan.FromSeconds(10), steady.GetUtcNow());
    }

    private sealed class SettableTime : TimeProvider
    {
        private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public TimeSpan Passed { get; set; }
        public TimeSpan Set { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => s_start + Passed + Set;

        public override long GetTimestamp() => Passed.Ticks;
    }
}
