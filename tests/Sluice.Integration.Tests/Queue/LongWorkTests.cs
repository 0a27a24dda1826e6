using Sluice.Engine;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Queue;

/// <summary>
/// Work that takes longer than the broker waits for an acknowledgement (consumer_timeout), and connections that are open and dead. A broker that ends a consumer's
/// connection gives everything back that was not acknowledged: what is not given back was acknowledged.
/// </summary>
[Collection(PostgresTests.Name)]
public sealed class LongWorkTests(PostgresDatabase database) : RealRigs(database)
{
    private const int Jobs = 50;

    [Fact]
    public async Task Tickets_of_jobs_that_run_or_wait_in_a_worker_are_acknowledged_long_before_their_end_and_the_consumer_lives_on()
    {
        Uri broker = new(Broker.Host);
        await using TcpProxy proxy = new(broker.Host, broker.Port);
        using Gate ends = new();
        StubOptions gated = new()
        {
            MaxSequences = 8,
            Fault = _ =>
            {
                ends.Wait();
                return StubFault.None;
            },
        };
        WorkerRig rig = await StartAsync("w1", gated, ("Queue:Host", $"amqp://{broker.UserInfo}@127.0.0.1:{proxy.Port}{broker.AbsolutePath}"));
        // a broker that is new has all tickets sent again, which is not what is looked at here
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("All tickets were sent again", StringComparison.Ordinal)), "the broker has the mark", 120);
        JobId[] ids = await rig.SubmitManyAsync(Jobs, i => Prompt($"long {i}"));
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Fences.Length > 0 && rig.Get<HeldJobs>().Count + rig.Get<RunningJobs>().Fences.Length == Jobs, "all are in the worker's hands", 300);
        await Task.Delay(TimeSpan.FromSeconds(3)); // what is acknowledged after it is reserved is so by now; the runs take longer than all the test
        // twice, for a consumer that lost its connection is to be one again
        for (int cut = 0; cut < 2; cut++)
        {
            await proxy.DownAsync();
            await WorkerRig.EventuallyAsync(async () => await Broker.ConsumersAsync() == 0, "the broker has seen the consumers go", 60);
            Assert.Equal(0u, await Broker.TicketsAsync());
            proxy.Up();
            await WorkerRig.EventuallyAsync(async () => await Broker.ConsumersAsync() > 0, "the worker consumes again", 120);
        }
        ends.Open();
        Assert.All(await rig.EndAllAsync(ids, seconds: 300), job => Assert.Equal((JobState.Succeeded, 1, 0), (job.State, job.Claims, job.Failures)));
        Assert.Equal(Jobs, await CountAsync("select count(*) from job_events where state = 1"));
        Assert.Equal(JobState.Succeeded, (await rig.EndAsync(await rig.SubmitAsync(Prompt("after")), seconds: 300)).State);
    }

    [Fact]
    public async Task While_the_workers_line_to_the_broker_is_open_and_dead_jobs_run_all_the_same()
    {
        Uri broker = new(Broker.Host);
        await using TcpProxy proxy = new(broker.Host, broker.Port);
        WorkerRig api = await StartAsync(null), rig = await StartAsync("w1", null,
            ("Queue:Host", $"amqp://{broker.UserInfo}@127.0.0.1:{proxy.Port}{broker.AbsolutePath}"), ("Queue:PublishTimeout", "00:00:01"), ("Worker:TicketTimeout", "00:00:03"));
        await api.EndAsync(await api.SubmitAsync(Prompt("before")), seconds: 300);
        proxy.Silence();
        long start = TimeProvider.System.GetTimestamp();
        JobId[] ids = await api.SubmitManyAsync(20, i => Prompt($"during {i}"));
        Assert.All(await api.EndAllAsync(ids, seconds: 90), job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
        Console.WriteLine($"20 jobs ended {TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s after they came, over a line that carried nothing");
        Assert.Contains(rig.Log, line => line.Contains("Took ", StringComparison.Ordinal));
        await proxy.DownAsync(); // the dead line breaks at last
        proxy.Speak();
        proxy.Up();
        await WorkerRig.EventuallyAsync(async () => await Broker.ConsumersAsync() > 0, "the worker consumes again", 120);
        Assert.Equal(JobState.Succeeded, (await api.EndAsync(await api.SubmitAsync(Prompt("after")), seconds: 300)).State);
    }

    [Fact]
    public async Task A_line_to_the_database_that_is_open_and_dead_is_given_up_and_no_result_is_lost()
    {
        Npgsql.NpgsqlConnectionStringBuilder direct = new(Postgres);
        await using TcpProxy proxy = new(direct.Host!, direct.Port);
        string through = new Npgsql.NpgsqlConnectionStringBuilder(Postgres) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString;
        using Gate ends = new();
        StubOptions gated = new()
        {
            MaxSequences = 8,
            Fault = _ =>
            {
                ends.Wait();
                return StubFault.None;
            },
        };
        WorkerRig rig = await StartAsync("w1", gated, ("Store:ConnectionString", through), ("Store:CommandTimeout", "00:00:02"), ("Store:DispatchTimeout", "00:00:02"));
        JobId[] ids = await rig.SubmitManyAsync(20, i => Prompt($"job {i}"));
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Fences.Length > 0, "a batch runs", 300);
        proxy.Silence();
        ends.Open();
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("did not take a sign of life", StringComparison.Ordinal)), "the silence is noticed", 60);
        Assert.InRange(await CountAsync("select count(*) from jobs where state = 1"), 1, 20);
        proxy.Speak();
        Assert.All(await rig.EndAllAsync(ids, seconds: 300), job => Assert.Equal((JobState.Succeeded, 1, 0), (job.State, job.Claims, job.Failures)));
        Assert.Equal(20, await CountAsync("select count(*) from usage"));
    }
}
