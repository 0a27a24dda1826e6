using Sluice.Service.Inference;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class WakeUpTests
{
    private readonly ManualTime _time = new();
    private readonly WakeUp _wake;

    public WakeUpTests() => _wake = new WakeUp(_time);

    private Task<bool> WaitAsync(double seconds = -0.001) => _wake.WaitAsync(TimeSpan.FromSeconds(seconds), CancellationToken.None);

    [Fact]
    public async Task Pulses_while_nobody_waits_are_one()
    {
        _wake.Pulse();
        _wake.Pulse();
        Assert.True(await WaitAsync());
        Task<bool> next = WaitAsync();
        Assert.False(next.IsCompleted);
        _wake.Pulse();
        Assert.True(await next);
    }

    [Fact]
    public async Task It_ends_when_the_clock_says_so()
    {
        Task<bool> wait = WaitAsync(5);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(wait.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.False(await wait);
    }

    [Fact]
    public async Task A_pulse_that_comes_as_the_time_runs_out_is_not_lost()
    {
        Task<bool> wait = WaitAsync(5);
        _time.Advance(TimeSpan.FromSeconds(5));
        _wake.Pulse();
        Assert.False(await wait);
        Assert.True(await WaitAsync(5));
    }

    [Fact]
    public async Task Who_gives_up_leaves_the_place_to_the_next()
    {
        using CancellationTokenSource giveUp = new();
        Task<bool> wait = _wake.WaitAsync(Timeout.InfiniteTimeSpan, giveUp.Token);
        giveUp.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        Task<bool> next = WaitAsync();
        _wake.Pulse();
        Assert.True(await next);
    }

    [Fact]
    public async Task A_second_waiter_is_refused_for_pulses_would_miss_one_of_them()
    {
        Task<bool> first = WaitAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => WaitAsync());
        _wake.Pulse();
        Assert.True(await first);
    }
}
