using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>What waits while the engine has its hands full.</summary>
public sealed class BusyEngineTests
{
    /// <summary>Seconds: long enough to be seen waiting.</summary>
    private const double Ttl = 5;

    [Fact]
    public async Task A_time_out_in_the_queue_fires_while_the_engine_is_busy_and_burns_nothing()
    {
        await using WorkerRig rig = await Embedded.StartAsync(new StubOptions { MaxSequences = 1, BatchTime = TimeSpan.FromMinutes(5) });
        JobId busy = await rig.SubmitAsync(Embedded.Prompt("takes the only place"));
        await WorkerRig.EventuallyAsync(() => rig.Get<EngineHost>().All is [{ Load.Running: 1 }], "the engine is busy");
        JobId waits = await rig.SubmitAsync(Embedded.Prompt("waits for it") with { Ttl = Ttl });
        await WorkerRig.EventuallyAsync(() => rig.Get<HeldJobs>().Count == 1, "the former has it");

        JobRecord expired = await rig.EndAsync(waits);
        Assert.Equal((JobState.Expired, 0, (DateTimeOffset?)null), (expired.State, expired.Claims, expired.StartedAt));
        Assert.InRange(expired.FinishedAt!.Value - expired.CreatedAt, TimeSpan.FromSeconds(Ttl), TimeSpan.FromSeconds(10 * Ttl));
        Assert.Equal(JobState.Running, (await rig.Store.GetAsync("t1", busy, CancellationToken.None))!.State);
        Assert.Equal((1, 0L), (rig.Get<EngineHost>().All[0].Load.Running, rig.Get<EngineHost>().All[0].Load.Steps));
        await WorkerRig.EventuallyAsync(() => rig.Get<HeldJobs>().Count == 0, "nobody keeps it");
    }
}
