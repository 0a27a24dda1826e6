using Sluice.Service.Inference;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class StoreRetryTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(1);
    private readonly ManualTime _time = new();
    private int _calls;

    [Fact]
    public async Task The_store_is_asked_again_after_pauses_that_grow_to_two_seconds_and_no_further()
    {
        Task<int> answer = StoreRetry.UntilAnsweredAsync(_ => ++_calls <= 7 ? throw new StoreUnavailableException("away") : Task.FromResult(_calls), _time, CancellationToken.None);
        int failed = 0;
        foreach (double seconds in (double[])[0.1, 0.2, 0.4, 0.8, 1.6, 2, 2])
        {
            failed++;
            await WorkerRig.EventuallyAsync(() => Volatile.Read(ref _calls) == failed && _time.Waiting == 1, $"pause {failed} begins");
            _time.Advance(TimeSpan.FromSeconds(seconds) - s_moment);
            Assert.Equal((failed, 1), (Volatile.Read(ref _calls), _time.Waiting));
            _time.Advance(s_moment);
        }
        Assert.Equal(8, await answer);
    }

    [Fact]
    public async Task Whoever_gives_up_ends_the_pause()
    {
        using CancellationTokenSource stop = new();
        Task answer = StoreRetry.UntilAnsweredAsync(_ => throw new StoreUnavailableException("away"), _time, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    [Fact]
    public async Task Another_fault_is_the_callers()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => StoreRetry.UntilAnsweredAsync<int>(_ => throw new InvalidOperationException("a bug"), _time, CancellationToken.None));
    }
}
