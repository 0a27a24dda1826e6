using Microsoft.Extensions.DependencyInjection;
using Sluice.Service;
using Sluice.Service.Inference;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class RegistrationTests
{
    [Fact]
    public async Task A_worker_whose_registration_takes_long_does_not_take_itself_for_dead_and_begin_anew()
    {
        MemoryJobStore inner = new(TimeProvider.System);
        (IJobStore jobs, FailingStore calls) = FailingStore.Around<IJobStore>(inner, nameof(IJobStore.RegisterWorkerAsync), hangs: true);
        // ten times as often as what is waited for: signs of life would have come meanwhile
        Dictionary<string, string?> settings = new(Embedded.Quick) { ["Worker:InventoryInterval"] = "00:00:01" };
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = settings };
        await using WorkerRig rig = await WorkerRig.StartAsync(options, services => services.AddSingleton(inner).AddSingleton(jobs).AddMemoryStore());
        Guid first = rig.Get<Incarnation>().Current.Id;

        await WorkerRig.EventuallyAsync(() => calls.CallsOf(nameof(IJobStore.HeldAsync)) >= 2, "the worker looks through its jobs twice");

        Assert.Equal(1, calls.Calls);
        Assert.Equal(first, rig.Get<Incarnation>().Current.Id);
    }
}
