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

/// <summary>Answers of the store that were lost after they took effect, to a worker that lives on.</summary>
public sealed class InventoryTests
{
    private static async Task<(WorkerRig Rig, LosingStore Losses)> StartAsync(string member, int times, IJobStore inner, StubOptions? stub = null)
    {
        (IJobStore store, LosingStore losses) = LosingStore.Around(inner, member, times);
        // nobody is declared dead and no ticket is sent again: what is lost stays lost unless the worker itself finds it
        Dictionary<string, string?> settings = new(Embedded.Quick) { ["Worker:InventoryInterval"] = "00:00:01" };
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = settings };
        return (await WorkerRig.StartAsync(options, services => services.AddSingleton(store).AddMemoryStore(), stub), losses);
    }

    [Theory]
    [InlineData(nameof(IJobStore.ReserveAsync), 1)]
    [InlineData(nameof(IJobStore.ClaimAsync), 3)]
    public async Task Jobs_whose_reservation_or_claim_was_lost_after_it_took_effect_run_all_the_same(string member, int most)
    {
        (WorkerRig rig, LosingStore losses) = await StartAsync(member, 2, new MemoryJobStore(TimeProvider.System));
        await using (rig)
        {
            JobRecord[] jobs = await rig.EndAllAsync(await rig.SubmitManyAsync(20, i => Embedded.Prompt($"job {i}")));
            Assert.NotEmpty(losses.Lost);
            Assert.All(jobs, job => Assert.Equal((JobState.Succeeded, 0), (job.State, job.Failures)));
            // a claim that took effect unheard is spent
            Assert.InRange(jobs.Max(job => job.Claims), 1, most);
            await WorkerRig.EventuallyAsync(() => rig.Get<HeldJobs>().Count == 0 && rig.Get<RunningJobs>().Active == 0, "nothing is left in hand");
        }
    }

    [Fact]
    public async Task Stolen_jobs_whose_answer_was_lost_run_all_the_same()
    {
        MemoryJobStore inner = new(TimeProvider.System);
        Guid victim = Guid.NewGuid();
        NewJob[] jobs = [.. Enumerable.Range(0, 20).Select(i => Embedded.Job($"stolen {i}", i))];
        await inner.SubmitAsync(jobs, default);
        await inner.RelayOutboxAsync(100, (_, _) => Task.CompletedTask, default);
        await inner.RegisterWorkerAsync(new WorkerRegistration(victim, "victim", [StubModel.Name]), default);
        Assert.Equal(20, (await inner.ReserveAsync(victim, [.. jobs.Select(job => job.Id)], default)).Count);

        (WorkerRig rig, LosingStore losses) = await StartAsync(nameof(IJobStore.StealAsync), 1, inner);
        await using (rig)
        {
            await WorkerRig.EventuallyAsync(() => losses.Lost.Count > 0, "the loot's answer is lost");
            foreach (ReservedJob lost in losses.Lost.Cast<ReservedJob>().ToArray())
            {
                JobRecord job = await rig.EndAsync(lost.Id);
                Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims));
            }
        }
    }

    [Fact]
    public async Task Jobs_that_wait_or_run_for_many_rounds_are_left_alone()
    {
        using ManualResetEventSlim looked = new();
        StubOptions gated = new()
        {
            MaxSequences = 2,
            Fault = _ =>
            {
                looked.Wait();
                return StubFault.None;
            },
        };
        (WorkerRig rig, LosingStore store) = await StartAsync(nameof(IJobStore.StealAsync), 0, new MemoryJobStore(TimeProvider.System), gated);
        await using (rig)
        {
            JobId[] ids = await rig.SubmitManyAsync(6, i => Embedded.Prompt($"job {i}"));
            await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Fences.Length > 0 && rig.Get<HeldJobs>().Count >= 4, "some run and some wait");
            int before = store.Calls(nameof(IJobStore.HeldAsync));
            await WorkerRig.EventuallyAsync(() => store.Calls(nameof(IJobStore.HeldAsync)) >= before + 4, "four rounds pass");
            looked.Set();
            JobRecord[] jobs = await rig.EndAllAsync(ids);
            Assert.All(jobs, job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
            Assert.DoesNotContain(rig.Log, line => line.Contains("did not know of", StringComparison.Ordinal));
        }
    }
}
