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

    [Theory]
    [InlineData(JobClass.Interactive, 20.0)]
    [InlineData(JobClass.Interactive, null)]
    [InlineData(JobClass.Standard, 20.0)]
    [InlineData(JobClass.Standard, 150.0)]
    [InlineData(JobClass.Standard, null)]
    [InlineData(JobClass.Bulk, 150.0)]
    [InlineData(JobClass.Bulk, 1500.0)]
    [InlineData(JobClass.Bulk, null)]
    public void It_waits_as_long_as_the_service_says_from_counts(JobClass @class, double? seconds)
    {
        // due times lie in the middle of spans: the service counts by these, the former by 15 s
        WorkAhead ahead = new([Seconds(30), Seconds(200), Seconds(500), Seconds(2000)], rate: 1, interactiveRate: 0);
        double[] patience = [2, 300, 3600];
        int prompt = 0;
        WaitingJob? last = null;
        foreach (JobClass of in Enum.GetValues<JobClass>())
        {
            foreach (double? due in new double?[] { 10, 100, 1000, null })
            {
                last = _bench.Add(of, deadline: due * 1000, prompt: prompt += 10);
                ahead.Add(of, Seconds(due ?? patience[(int)of]), _bench.Cost.Work(last, 0));
            }
        }
        WaitingJob asks = last! with { Class = @class, Deadline = seconds is { } s ? _bench.Clock.Now + Seconds(s) : null };
        TimeSpan expected = ahead.WaitOf(@class, Seconds(seconds ?? patience[(int)@class]), TimeSpan.Zero);
        Assert.Equal(expected.TotalSeconds, _bench.Former.Quote(asks).Wait.TotalSeconds, 1e-6);
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private void Wait(double milliseconds)
    {
        _bench.Next();
        _bench.Clock.Pass(milliseconds);
        for (int i = 0; i < 3; i++) _bench.Next();
    }

    private TimeSpan WaitOf(WaitingJob like, double deadline) =>
        _bench.Former.Quote(like with { Deadline = _bench.Clock.Now + TimeSpan.FromMilliseconds(deadline), CreatedAt = _bench.Clock.Now }).Wait;
}
