using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Inference;

/// <summary>Workers that end, as processes.</summary>
[Collection(PostgresTests.Name)]
public sealed class KilledWorkerTests(PostgresDatabase database) : RealRigs(database)
{
    [Fact]
    public async Task Kill_9_in_the_middle_of_200_jobs_loses_none_and_doubles_none()
    {
        WorkerRig api = await StartAsync(null);
        Dictionary<string, string?> slow = Settings("w1", ("Worker:StubDelay", "00:00:02"), ("Worker:StubSequences", "20"));
        JobId[] ids = await api.SubmitManyAsync(200, i => Prompt($"job {i}"));
        await using (ChildService worker = new(slow))
        {
            await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from jobs where state = 2") >= 20, "the first have ended", 300);
            await worker.KillAsync();
        }
        Assert.True(await CountAsync("select count(*) from jobs where state in (0, 1)") > 0, "it was killed too late to prove anything");
        await using ChildService next = new(Settings("w2", ("Worker:HeartbeatTimeout", "00:00:10"), ("Worker:StubSequences", "20")));
        Assert.All(await api.EndAllAsync(ids, seconds: 300), job => Assert.Equal((JobState.Succeeded, 0), (job.State, job.Failures)));
        Assert.Equal(200, await CountAsync("select count(*) from results"));
        Assert.Equal(200, await CountAsync("select count(*) from usage"));
        Assert.Equal(200, await CountAsync("select count(*) from job_events where state = 2"));
    }

    [Fact]
    public async Task Sigterm_ends_with_0_within_25_seconds_and_gives_everything_back()
    {
        WorkerRig api = await StartAsync(null);
        await api.SubmitManyAsync(50, i => Prompt($"job {i}"));
        await using ChildService worker = new(Settings("w1", ("Worker:StubDelay", "00:05:00"), ("Worker:StubSequences", "5"), ("Worker:DrainTime", "00:00:12")));
        await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from jobs where state = 1") == 5, "five run", 300);
        await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from jobs where held_by is not null") == 50, "all are held");
        (int code, TimeSpan took) = await worker.TerminateAsync();
        Assert.Equal(0, code);
        Assert.InRange(took.TotalSeconds, 11, 25);
        Assert.Equal(50, await CountAsync("select count(*) from jobs where state = 0 and held_by is null and failures = 0"));
    }
}
