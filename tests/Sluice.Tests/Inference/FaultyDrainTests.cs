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
