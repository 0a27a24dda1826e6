using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
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

    [Fact]
    public async Task A_worker_declared_dead_whose_new_registration_is_refused_asks_again()
    {
        MemoryJobStore inner = new(TimeProvider.System);
        (IJobStore jobs, FailingStore calls) = FailingStore.Around<IJobStore>(inner, nameof(IJobStore.RegisterWorkerAsync), hangs: false);
        calls.Fails = call => call == 2;
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = Embedded.Quick };
        await using WorkerRig rig = await WorkerRig.StartAsync(options, services => services.AddSingleton(inner).AddSingleton(jobs).AddMemoryStore());
        Incarnation incarnation = rig.Get<Incarnation>();
        await WorkerRig.EventuallyAsync(() => incarnation.IsRegistered, "the worker is registered");
        Guid first = incarnation.Current.Id;

        await inner.RetireWorkerAsync(first, default);

        await WorkerRig.EventuallyAsync(() => calls.Calls >= 3 && incarnation.IsRegistered, "it is registered anew", 30);
        Assert.NotEqual(first, incarnation.Current.Id);
        Assert.Equal([incarnation.Current.Id], (await inner.WorkersAsync(default)).Select(worker => worker.Id));
    }

    [Fact]
    public async Task A_process_whose_worker_the_store_refuses_stops_and_says_why()
    {
        MemoryJobStore inner = new(TimeProvider.System);
        (IJobStore jobs, _) = FailingStore.Around<IJobStore>(inner, nameof(IJobStore.RegisterWorkerAsync), hangs: false);
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = Embedded.Quick };
        await using WorkerRig rig = await WorkerRig.StartAsync(options, services => services.AddSingleton(inner).AddSingleton(jobs).AddMemoryStore());
        try
        {
            await WorkerRig.EventuallyAsync(() => rig.Get<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested, "the process stops", 30);
            Assert.Equal(1, Environment.ExitCode);
            Assert.Single(rig.Log, line => line.StartsWith("Critical ", StringComparison.Ordinal) && line.Contains("as asked for", StringComparison.Ordinal));
        }
        finally
        {
            Environment.ExitCode = 0;
        }
    }
}
