using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Inference;

/// <summary>A job that takes its worker's process with it, and a supervisor that starts the worker again.</summary>
[Collection(PostgresTests.Name)]
public sealed class PoisonTests(PostgresDatabase database) : RealRigs(database)
{
    private const int Batch = 32;
    private const int MostCrashes = 8; // log2(32) + 3

    [Fact]
    public async Task One_killer_among_30_ends_as_poison_after_few_crashes_and_the_others_succeed_once()
    {
        WorkerRig api = await StartAsync(null, null, ("Worker:HeartbeatTimeout", "01:00:00"));
        JobId[] ids = await api.SubmitManyAsync(30, i => Prompt(i == 17 ? "a killer, number 17" : $"harmless {i}"));
        Dictionary<string, string?> settings = Settings(
            "w1", ("Worker:HeartbeatTimeout", "01:00:00"), ("Worker:StubSequences", $"{Batch}"), ("Worker:StubDelay", "00:00:00.05"), ("Worker:StubCrashOn", "a killer"));
        using CancellationTokenSource done = new();
        Task<int> crashes = SuperviseAsync(settings, done.Token);
        JobRecord[] jobs = await api.EndAllAsync(ids, seconds: 240);
        await done.CancelAsync();

        Assert.InRange(await crashes, 2, MostCrashes);
        JobRecord killer = jobs[17];
        Assert.Equal((JobState.Failed, "poison", 2), (killer.State, killer.Error!.Code, killer.Failures));
        Assert.All(jobs.Where(job => job != killer), job => Assert.Equal((JobState.Succeeded, 0), (job.State, job.Failures)));
        Assert.Equal(29, await CountAsync("select count(*) from results"));
        Assert.Equal(29, await CountAsync("select count(*) from usage"));
        Assert.Equal(29, await CountAsync("select count(*) from job_events where state = 2"));
        Assert.Equal(1, await CountAsync("select count(*) from job_events where state = 3 and reason = 'poison'"));
    }

    /// <summary>Starts the worker again whenever it has ended; how often it ended by itself.</summary>
    private static async Task<int> SuperviseAsync(Dictionary<string, string?> settings, CancellationToken stop)
    {
        for (int crashes = 0; ; crashes++)
        {
            await using ChildService worker = new(settings);
            try
            {
                await worker.EndAsync(stop);
                Assert.True(crashes < 20, $"The worker never lives: {string.Join(Environment.NewLine, worker.Lines)}");
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return crashes;
            }
        }
    }
}
