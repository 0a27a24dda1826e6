using Sluice.Service.Inference;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class ArrivalsTests
{
    private static readonly TimeSpan _step = TimeSpan.FromMilliseconds(10);
    private readonly ManualTime _time = new();

    [Fact]
    public void Jobs_that_come_while_steps_follow_one_another_are_those_of_the_step()
    {
        Arrivals arrivals = new(_time);
        arrivals.Add(2);
        arrivals.Add(1);
        _time.Advance(_step);
        Assert.Equal(3, arrivals.During(_step));
        _time.Advance(_step);
        Assert.Equal(0, arrivals.During(_step));
    }

    [Fact]
    public void Of_jobs_that_came_since_an_idle_engine_stepped_only_the_share_of_its_step_counts()
    {
        Arrivals arrivals = new(_time);
        arrivals.Add(8);
        _time.Advance(4 * _step);
        Assert.Equal(2, arrivals.During(_step), 1e-9);
    }
}
