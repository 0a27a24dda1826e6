using Microsoft.Extensions.DependencyInjection;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>An orderly end beside a store that fails.</summary>
public sealed class FaultyDrainTests
{
    [Fact]
    public async Task A_second_order_to_stop_ends_a_drain_at_once_with_nothing_charged()
    {
        const double most = 22; // that a drain may be told to wait
        MemoryJobStore store = new(TimeProvider.System);
        Dictionary<string, string?> settings = new(Embedded.Quick) { ["Worker:DrainTime"] = "00:00:22" };
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = settings };
        await using WorkerRig rig = await WorkerRig.StartAsync(
            options, services => services.AddSingleton(store).AddMemoryStore(), new StubOptions { MaxSequences = 1, Fault = _ => StubFault.Hang });
        JobId[] ids = [await rig.SubmitAsync(Embedded.Prompt("hangs")), await rig.SubmitAsync(Embedded.Prompt("waits"))];
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Fences.Length == 1 && rig.Get<HeldJobs>().Count == 1, "one runs and one waits");

        long start = TimeProvider.System.GetTimestamp();
        Task stopped = rig.StopAsync();
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("Draining: 1 held", StringComparison.Ordinal)), "it drains");
        rig.Get<Haste>().Now();
        await stopped;

        Assert.InRange(TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0, most - 2);
        Assert.Empty(await store.WorkersAsync(default));
        Guid other = Guid.NewGuid();
        await store.RegisterWorkerAsync(new WorkerRegistration(other, "other", [StubModel.Name]), default);
        IReadOnlyList<ReservedJob> free = await store.ReserveAsync(other, ids, default);
        Assert.Equal([0, 0], free.Select(job => job.Suspicions));
        Assert.All(ids, id => Assert.Equal(0, store.GetAsync("t1", id, default).GetAwaiter().GetResult()!.Failures));
    }

    [Theory]
    [InlineData(nameof(IJobStore.HeartbeatAsync), true)]
    [InlineData(nameof(IJobStore.FindLostAsync), true)]
    [InlineData(nameof(IJobStore.UnreserveAsync), false)]
    [InlineData(nameof(IJobStore.ReleaseAsync), false)]
    [InlineData(nameof(ICostStore.ReportAsync), true)]
    public async Task A_worker_retires_in_good_order_whatever_call_fails_as_it_ends(string member, bool hangs)
    {
        MemoryJobStore inner = new(TimeProvider.System);
        (IJobStore jobs, FailingStore jobFailures) = FailingStore.Around<IJobStore>(inner, member, hangs);
        (ICostStore costs, FailingStore costFailures) = FailingStore.Around<ICostStore>(new MemoryCostStore(inner), member, hangs);
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = Embedded.Quick };
        await using WorkerRig rig = await WorkerRig.StartAsync(
            options, services => services.AddSingleton(inner).AddSingleton(jobs).AddSingleton(costs).AddMemoryStore(), new StubOptions { MaxSequences = 1, Fault = _ => StubFault.Hang });
        JobId[] ids = [await rig.SubmitAsync(Embedded.Prompt("hangs")), await rig.SubmitAsync(Embedded.Prompt("waits"))];
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Fences.Length == 1 && rig.Get<HeldJobs>().Count == 1, "one runs and one waits");
        await WorkerRig.EventuallyAsync(() => !hangs || jobFailures.Calls + costFailures.Calls > 0, "the call is under way");

        await rig.StopAsync();

        Assert.NotEqual(0, jobFailures.Calls + costFailures.Calls);
        Assert.Empty(await inner.WorkersAsync(default));
        Guid other = Guid.NewGuid();
        await inner.RegisterWorkerAsync(new WorkerRegistration(other, "other", [StubModel.Name]), default);
        Assert.Equal(2, (await inner.ReserveAsync(other, ids, default)).Count);
    }
}
