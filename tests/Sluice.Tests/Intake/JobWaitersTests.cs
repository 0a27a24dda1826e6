using Sluice.Jobs;
using Sluice.Service.Intake;
using Xunit;

namespace Sluice.Tests.Intake;

public sealed class JobWaitersTests
{
    private readonly ManualTime _time = new();
    private readonly JobWaiters _waiters;
    private readonly JobId _id;

    public JobWaitersTests()
    {
        _waiters = new JobWaiters(_time);
        _id = JobId.New(_time);
    }

    [Fact]
    public async Task All_who_wait_for_a_job_are_told_of_its_end()
    {
        Task<bool>[] waits = [.. Enumerable.Range(0, 3).Select(_ => _waiters.WaitAsync(_id, TimeSpan.FromMinutes(1), CancellationToken.None))];
        Assert.Equal(1, _waiters.Count);
        _waiters.Finished(_id);
        Assert.All(await Task.WhenAll(waits), Assert.True);
        Assert.Equal(0, _waiters.Count);
    }

    [Fact]
    public async Task An_end_between_watching_and_waiting_is_not_missed()
    {
        using JobWatch watch = _waiters.Watch(_id);
        _waiters.Finished(_id);
        Assert.True(await watch.WaitAsync(TimeSpan.FromMinutes(1), CancellationToken.None));
    }

    [Fact]
    public async Task A_wait_ends_with_its_time_and_nothing_is_left_behind()
    {
        Task<bool> wait = _waiters.WaitAsync(_id, TimeSpan.FromSeconds(5), CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.False(await wait);
        Assert.Equal(0, _waiters.Count);
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_throws_and_leaves_the_others_waiting()
    {
        using CancellationTokenSource gone = new();
        Task<bool> cancelled = _waiters.WaitAsync(_id, TimeSpan.FromMinutes(1), gone.Token);
        Task<bool> stays = _waiters.WaitAsync(_id, TimeSpan.FromMinutes(1), CancellationToken.None);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        _waiters.Finished(_id);
        Assert.True(await stays);
    }

    [Fact]
    public async Task Comings_goings_and_ends_at_once_lose_nobody()
    {
        for (int round = 0; round < 200; round++)
        {
            JobId id = JobId.New(_time);
            using JobWatch watch = _waiters.Watch(id);
            Task churn = Task.Run(() =>
            {
                for (int i = 0; i < 20; i++)
                {
                    _waiters.Watch(id).Dispose();
                }
            });
            Task end = Task.Run(() => _waiters.Finished(id));
            Assert.True(await watch.WaitAsync(TimeSpan.FromSeconds(1), CancellationToken.None));
            await Task.WhenAll(churn, end);
        }
    }
}
