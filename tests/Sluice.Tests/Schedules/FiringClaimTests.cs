using System.Collections.Concurrent;
using Sluice.Service.Schedules;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>A claim that cannot be held on.</summary>
public sealed class FiringClaimTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_failure_that_nobody_foresaw_is_told_of_and_the_claim_ends_without_it()
    {
        ManualTime time = new();
        (IScheduleStore store, _) = FailingStore.Around<IScheduleStore>(new MemoryScheduleStore(new MemoryJobStore(time)), nameof(IScheduleStore.RecordAsync), hangs: false);
        ConcurrentQueue<Exception> told = [];
        FiringRecord firing = new() { Id = Guid.NewGuid(), Tenant = "t1", Schedule = Guid.NewGuid(), FireTime = DateTimeOffset.UnixEpoch, State = FiringState.Staging };
        ClaimedFiring work = new() { Firing = firing, Name = "n", Source = "{}", Request = "{}", Sink = "{}", Fence = new FiringFence(firing.Id, 1) };
        await using FiringClaim claim = new(store, work, s_lease, told.Enqueue, time, default);
        for (int third = 1; third <= 2; third++)
        {
            time.Advance(s_lease / 2);
            await WorkerRig.EventuallyAsync(() => told.Count == third && time.Waiting == 1, "it is told of, and the next third begins", 30);
        }
        Assert.False(claim.Lost || claim.Token.IsCancellationRequested);
    }
}
