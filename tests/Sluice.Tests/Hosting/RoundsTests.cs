using Sluice.Service;
using Xunit;

namespace Sluice.Tests.Hosting;

public sealed class RoundsTests
{
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(5);

    [Fact]
    public async Task A_round_that_fails_is_followed_by_the_next_and_of_failures_in_a_row_the_first_is_told()
    {
        using CancellationTokenSource stop = new();
        List<string> told = [];
        int rounds = 0;
        await Rounds.RunAsync(s_every, atOnce: true, _ =>
        {
            switch (++rounds)
            {
                case 1 or 2 or 4: throw new InvalidOperationException($"round {rounds}");
                case 5: throw new OperationCanceledException("round 5"); // not ours
                case 6: stop.Cancel(); break;
            }
            return Task.CompletedTask;
        }, failure => told.Add(failure.Message), TimeProvider.System, stop.Token);
        Assert.Equal(6, rounds);
        Assert.Equal(["round 1", "round 4"], told);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task The_first_round_waits_for_a_tick_but_where_it_comes_at_once_and_what_fails_at_the_end_is_told_nobody(bool atOnce, int expected)
    {
        using CancellationTokenSource stop = new();
        TaskCompletionSource under = new();
        int rounds = 0;
        Task runs = Rounds.RunAsync(TimeSpan.FromHours(1), atOnce, async cancellationToken =>
        {
            rounds++;
            under.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new InvalidOperationException("as it ends");
        }, failure => Assert.Fail(failure.Message), TimeProvider.System, stop.Token);
        if (atOnce)
        {
            await under.Task;
        }
        await stop.CancelAsync();
        await runs;
        Assert.Equal(expected, rounds);
    }
}
