using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Queue;

/// <summary>Tickets divided by prefix, on the real broker.</summary>
[Collection(PostgresTests.Name)]
public sealed class ShardTests : RealRigs
{
    private const int Prefixes = 40;
    /// <summary>Nobody steals, nobody is thought dead, no ticket is sent again (every second time past the shards), however slow the machine.</summary>
    private static readonly (string, string?)[] s_shardsOnly = [("Worker:StealAfter", "01:00:00"), ("Worker:HeartbeatTimeout", "01:00:00"), ("Worker:TicketTimeout", "01:00:00")];

    /// <summary>Prefixes by how many workers ran jobs of them.</summary>
    private const string Scattered = """
        select count(*) from (select j.prefix_key from job_events e join jobs j on j.id = e.job_id where e.state = 1 group by j.prefix_key having count(distinct e.worker) > 1) s
        """;

    public ShardTests(PostgresDatabase database)
        : base(database) => Broker.Shards = 8;

    private static JobRequest Prefixed(int number) => Prompt(new string((char)('0' + (number % Prefixes)), 100) + number);

    private static Task OwnsAsync(WorkerRig rig, Func<int, bool> holds) =>
        WorkerRig.EventuallyAsync(() => rig.Log.LastOrDefault(line => line.Contains("Consumes ", StringComparison.Ordinal)) is { } line && holds(int.Parse(line.Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture)), "it has its shards", 300);

    [Fact]
    public async Task Jobs_of_a_prefix_meet_on_one_worker_and_those_of_one_that_goes_on_another()
    {
        WorkerRig first = await StartAsync("w1", null, s_shardsOnly);
        await OwnsAsync(first, own => own == 8);
        WorkerRig second = await StartAsync("w2", null, s_shardsOnly);
        await OwnsAsync(second, own => own is > 0 and < 8);
        await OwnsAsync(first, own => own is > 0 and < 8);

        Assert.All(await first.EndAllAsync(await first.SubmitManyAsync(400, Prefixed), seconds: 90), job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
        Assert.Equal(2, await CountAsync("select count(distinct worker) from job_events where state = 1"));
        Assert.Equal(0, await CountAsync(Scattered));

        await second.StopAsync();
        await OwnsAsync(first, own => own == 8);
        JobId[] more = await first.SubmitManyAsync(400, i => Prefixed(i + 400));
        Assert.All(await first.EndAllAsync(more, seconds: 90), job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
    }

    [Fact]
    public async Task What_a_dead_workers_shards_keep_is_taken_by_an_idle_one_before_anybody_knows_that_it_is_dead()
    {
        WorkerRig first = await StartAsync("w1", null, ("Worker:StealBackoff", "00:00:01"));
        await OwnsAsync(first, own => own == 8);
        await first.Store.RegisterWorkerAsync(new(Guid.NewGuid(), "w0", [StubModel.Name]) { Shards = 8 }, default);
        await OwnsAsync(first, own => own is > 0 and < 8);
        JobId[] ids = await first.SubmitManyAsync(200, Prefixed);
        Assert.All(await first.EndAllAsync(ids, seconds: 300), job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
        Assert.Contains(first.Log, line => line.Contains("Took ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_worker_of_the_version_before_owns_no_shard_and_takes_part_all_the_same()
    {
        WorkerRig before = await StartAsync("w0", null, ("Queue:Shards", "1"));
        WorkerRig now = await StartAsync("w1");
        await OwnsAsync(now, own => own == 8);
        JobId[] ids = [.. await before.SubmitManyAsync(100, Prefixed), .. await now.SubmitManyAsync(100, i => Prefixed(i + 100))];
        Assert.All(await now.EndAllAsync(ids, seconds: 300), job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
    }

    [Fact]
    public async Task A_broker_without_the_plug_in_is_noticed_and_has_one_queue_per_class()
    {
        QueueOptions options = new() { Host = Broker.Host, Prefix = Broker.Prefix };
        using BrokerTopology topology = new(Broker.Names, Options.Create(options), NullLogger<BrokerTopology>.Instance) { Asked = "x-not-plugged-in" };
        Assert.False(await topology.EnsureAsync([(StubModel.Name, JobClass.Standard)], default));
        Assert.True(await Broker.ExistsAsync(Broker.Names.Run(StubModel.Name, JobClass.Standard)));
        Assert.False(await Broker.ExistsAsync(Broker.Names.Shard(StubModel.Name, JobClass.Standard, 0)));

        using BrokerTopology whole = new(Broker.Names, Options.Create(options), NullLogger<BrokerTopology>.Instance);
        Assert.True(await whole.EnsureAsync([(StubModel.Name, JobClass.Standard)], default));
        Assert.True(await Broker.ExistsAsync(Broker.Names.Shard(StubModel.Name, JobClass.Standard, 7)));
    }
}
