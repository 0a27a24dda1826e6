using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

/// <summary>What a job that comes now is told to wait for. The engine here is full: all that is added waits.</summary>
public sealed class FormerQuoteTests
{
    private const double Hour = 3_600_000;
    private readonly FormerBench _bench = new FormerBench { Room = FormerBench.Busy(free: 0) }.Taught();

    [Fact]
    public void A_job_whose_deadline_is_hours_away_leaves_nothing_behind_when_it_goes()
    {
        WaitingJob far = _bench.Add(deadline: 10 * Hour);
        Wait(Hour);
        Assert.True(WaitOf(far, 12 * Hour) > TimeSpan.Zero);
        Assert.True(_bench.Former.Remove(far.Id));
        Assert.Equal(TimeSpan.Zero, WaitOf(far, 12 * Hour));
    }

    [Fact]
    public void It_counts_as_due_then_and_not_earlier_however_long_it_has_waited()
    {
        WaitingJob far = _bench.Add(deadline: 10 * Hour);
        Wait(3 * Hour);
        Assert.Equal(TimeSpan.Zero, WaitOf(far, 60_000));
        Assert.True(WaitOf(far, 12 * Hour) > TimeSpan.Zero);
    }

    private void Wait(double milliseconds)
    {
        _bench.Next();
        _bench.Clock.Pass(milliseconds);
        for (int i = 0; i < 3; i++) _bench.Next();
    }

    private TimeSpan WaitOf(WaitingJob like, double deadline) =>
        _bench.Former.Quote(like with { Deadline = _bench.Clock.Now + TimeSpan.FromMilliseconds(deadline), CreatedAt = _bench.Clock.Now }).Wait;
}
