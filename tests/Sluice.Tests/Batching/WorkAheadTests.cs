using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class WorkAheadTests
{
    private static readonly TimeSpan[] _bounds = [Seconds(10), Seconds(100)];

    [Fact]
    public void A_job_waits_for_interactive_work_and_for_what_is_due_no_later()
    {
        WorkAhead ahead = new(_bounds, rate: 2, interactiveRate: 0);
        ahead.Add(JobClass.Interactive, Seconds(500), 1);
        ahead.Add(JobClass.Standard, Seconds(5), 2);
        ahead.Add(JobClass.Bulk, Seconds(50), 4);
        ahead.Add(JobClass.Bulk, span: 2, 8);
        Assert.Equal(Seconds(0.5), ahead.WaitOf(JobClass.Interactive, Seconds(500), TimeSpan.Zero));
        Assert.Equal(Seconds(1.5), ahead.WaitOf(JobClass.Standard, Seconds(1), TimeSpan.Zero));
        Assert.Equal(Seconds(3.5), ahead.WaitOf(JobClass.Standard, Seconds(99), TimeSpan.Zero));
        Assert.Equal(Seconds(7.5), ahead.WaitOf(JobClass.Bulk, Seconds(100), TimeSpan.Zero));
        Assert.Equal(Seconds(12.5), ahead.WaitOf(JobClass.Bulk, Seconds(100), TimeSpan.Zero, besides: 10));
    }

    [Fact]
    public void Time_that_passes_does_work_and_interactive_arrivals_take_their_share()
    {
        WorkAhead ahead = new(_bounds, rate: 2, interactiveRate: 1);
        ahead.Add(JobClass.Bulk, Seconds(50), 10);
        Assert.Equal(Seconds(10), ahead.WaitOf(JobClass.Bulk, Seconds(50), TimeSpan.Zero));
        Assert.Equal(Seconds(4), ahead.WaitOf(JobClass.Bulk, Seconds(50), Seconds(3)));
        Assert.Equal(TimeSpan.Zero, ahead.WaitOf(JobClass.Bulk, Seconds(50), Seconds(30)));
        Assert.Equal(TimeSpan.Zero, ahead.WaitOf(JobClass.Interactive, Seconds(2), TimeSpan.Zero));
    }

    [Fact]
    public void However_much_comes_in_by_interactive_jobs_a_quarter_of_the_pace_is_counted_on()
    {
        WorkAhead ahead = new(_bounds, rate: 1, interactiveRate: 5);
        ahead.Add(JobClass.Bulk, Seconds(50), 10);
        Assert.Equal(Seconds(40), ahead.WaitOf(JobClass.Bulk, Seconds(50), TimeSpan.Zero));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
