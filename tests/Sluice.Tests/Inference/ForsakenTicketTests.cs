using Microsoft.Extensions.DependencyInjection;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Models;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>Tickets that reach nobody, and nobody who sends them again.</summary>
public sealed class ForsakenTicketTests
{
    [Fact]
    public async Task An_idle_worker_takes_jobs_whose_tickets_went_where_no_worker_listens()
    {
        MemoryJobStore store = new(TimeProvider.System);
        Dictionary<string, string?> settings = new(Embedded.Quick) { ["Worker:TicketTimeout"] = "00:00:01", ["Worker:ReconcileInterval"] = "01:00:00" };
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = settings };
        NewJob[] jobs = [.. Enumerable.Range(0, 3).Select(i => Embedded.Job($"forsaken {i}", i))];
        await store.SubmitAsync(jobs, default);
        await store.RelayOutboxAsync(100, (_, _) => Task.CompletedTask, default);
        await using WorkerRig rig = await WorkerRig.StartAsync(options, services => services.AddSingleton(store).AddMemoryStore());
        Assert.All(await rig.EndAllAsync(jobs.Select(job => job.Id)), job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
        Assert.Contains(rig.Log, line => line.Contains("Took ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_had_begun_is_taken_up_though_no_ticket_of_it_comes_and_a_backlog_waits()
    {
        MemoryJobStore store = new(TimeProvider.System);
        Dictionary<string, string?> settings = new(Embedded.Quick) { ["Worker:TicketTimeout"] = "01:00:00", ["Worker:StealAfter"] = "01:00:00" };
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = settings };
        NewJob[] jobs = [.. Enumerable.Range(0, 40).Select(i => Embedded.Job($"forsaken {i}", i))];
        JobId[] begun = [.. jobs.TakeLast(3).Select(job => job.Id)];
        await store.SubmitAsync(jobs, default);
        Guid dies = Guid.NewGuid(), dies2 = Guid.NewGuid();
        await store.RegisterWorkerAsync(new WorkerRegistration(dies, "gone", [StubModel.Name]), default);
        await store.ReserveAsync(dies, begun, default);
        await store.ClaimAsync(dies, begun, default);
        await store.RegisterWorkerAsync(new WorkerRegistration(dies2, "gone", [StubModel.Name]), default);
        await store.ReserveAsync(dies2, begun, default); // and dies while they wait to run apart
        await store.RegisterWorkerAsync(new WorkerRegistration(Guid.NewGuid(), "gone", [StubModel.Name]), default);
        await store.RelayOutboxAsync(100, (_, _) => Task.CompletedTask, default);
        await using WorkerRig rig = await WorkerRig.StartAsync(options, services => services.AddSingleton(store).AddMemoryStore());
        Assert.All(await rig.EndAllAsync(begun), job => Assert.Equal((JobState.Succeeded, 2), (job.State, job.Claims)));
        Assert.Equal(37, (await store.StatisticsAsync(default)).Queued);
    }
}
