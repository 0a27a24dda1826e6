using Npgsql;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Queue;

/// <summary>Servers that go away and come back.</summary>
[Collection(PostgresTests.Name)]
public sealed class OutageTests(PostgresDatabase database) : RealRigs(database)
{
    [Fact]
    public async Task While_the_broker_is_away_submits_are_accepted_and_the_outbox_waits_and_then_all_run()
    {
        Uri broker = new(Broker.Host);
        await using TcpProxy proxy = new(broker.Host, broker.Port);
        WorkerRig rig = await StartAsync("w1", null, ("Queue:Host", $"amqp://{broker.UserInfo}@127.0.0.1:{proxy.Port}{broker.AbsolutePath}"), ("Queue:PublishTimeout", "00:00:02"));
        await rig.EndAsync(await rig.SubmitAsync(Prompt("before")), seconds: 300);
        await proxy.DownAsync();
        JobId[] ids = await rig.SubmitManyAsync(20, i => Prompt($"during {i}"));
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("The outbox waits", StringComparison.Ordinal)), "the outbox says that it waits", 300);
        Assert.Equal(20, await CountAsync("select count(*) from outbox where kind = 0"));
        proxy.Up();
        Assert.All(await rig.EndAllAsync(ids, seconds: 300), job => Assert.Equal(JobState.Succeeded, job.State));
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("The outbox flows again", StringComparison.Ordinal)), "the outbox says that it flows");
    }

    [Fact]
    public async Task A_database_that_goes_and_comes_back_loses_no_result_and_no_job()
    {
        NpgsqlConnectionStringBuilder direct = new(Postgres);
        await using TcpProxy proxy = new(direct.Host!, direct.Port);
        string through = new NpgsqlConnectionStringBuilder(Postgres) { Host = "127.0.0.1", Port = proxy.Port, Timeout = 3 }.ConnectionString;
        using ManualResetEventSlim away = new();
        int asked = 0;
        StubOptions gated = new()
        {
            MaxSequences = 8,
            Fault = _ =>
            {
                if (Interlocked.Increment(ref asked) > 8)
                {
                    away.Wait();
                }
                return StubFault.None;
            },
        };
        WorkerRig rig = await StartAsync("w1", gated, ("Store:ConnectionString", through), ("Store:CommandTimeout", "00:00:03"), ("Store:DispatchTimeout", "00:00:03"));
        JobId[] ids = await rig.SubmitManyAsync(60, i => Prompt($"job {i}"));
        await WorkerRig.EventuallyAsync(() => Volatile.Read(ref asked) > 8, "a batch is about to end");
        await proxy.DownAsync();
        Assert.InRange(await CountAsync("select count(*) from jobs where state = 1"), 1, 60);
        away.Set();
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Fences.Length == 0, "results come and find no store");
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("did not take a sign of life", StringComparison.Ordinal)), "the store is missed");
        Assert.InRange(await CountAsync("select count(*) from jobs where state = 1"), 1, 60);
        proxy.Up();
        JobRecordsAreWhole(await rig.EndAllAsync(ids, seconds: 300));
        Assert.Equal(60, await CountAsync("select count(*) from usage"));
    }

    [Fact]
    public async Task A_broker_that_comes_back_without_what_it_had_is_noticed_and_all_tickets_are_sent_again_long_before_their_time()
    {
        Uri broker = new(Broker.Host);
        await using TcpProxy proxy = new(broker.Host, broker.Port);
        (string, string?) through = ("Queue:Host", $"amqp://{broker.UserInfo}@127.0.0.1:{proxy.Port}{broker.AbsolutePath}");
        WorkerRig api = await StartAsync(null, null, through);
        await WorkerRig.EventuallyAsync(Broker.IsMarkedAsync, "the service has left its mark", 300);
        JobId[] ids = await api.SubmitManyAsync(50, i => Prompt($"gone {i}"));
        await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from outbox") == 0, "all tickets are with the broker");
        await proxy.DownAsync();
        await Broker.WipeAsync();
        proxy.Up();
        await WorkerRig.EventuallyAsync(Broker.IsMarkedAsync, "the mark is there again", 300);
        await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from outbox") == 0, "all tickets are with the broker again");
        WorkerRig worker = await StartAsync("w1", null, ("Worker:StealAfter", "01:00:00")); // whose tickets are old after an hour
        Assert.All(await worker.EndAllAsync(ids), job => Assert.Equal(JobState.Succeeded, job.State));
        Assert.Equal(2, api.Log.Count(line => line.Contains("does not know this service's mark", StringComparison.Ordinal))); // at its first start, and now
    }

    private static void JobRecordsAreWhole(Sluice.Store.JobRecord[] jobs) =>
        Assert.All(jobs, job => Assert.Equal((JobState.Succeeded, 1, 0), (job.State, job.Claims, job.Failures)));
}
