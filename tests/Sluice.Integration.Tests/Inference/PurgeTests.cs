using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Sluice.Store.Postgres;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Inference;

/// <summary>What a bench leaves behind: nothing.</summary>
[Collection(PostgresTests.Name)]
public sealed class PurgeTests(PostgresDatabase database) : RealRigs(database)
{
    private static readonly string[] s_tables = ["jobs", "job_inputs", "job_events", "results", "usage", "idempotency_keys"];

    [Fact]
    public async Task A_purged_tenant_leaves_no_row_and_the_others_keep_theirs()
    {
        WorkerRig rig = await StartAsync("w1");
        JobRequest cached = new() { Model = StubModel.Name, Prompt = "kept for others" };
        foreach (string tenant in (string[])["gone", "stays"])
        {
            for (int i = 0; i < 5; i++)
            {
                await rig.EndAsync(await rig.SubmitAsync(Prompt($"job {i}"), tenant, $"key {i}"), tenant);
            }
            await rig.EndAsync(await rig.SubmitAsync(cached, tenant), tenant);
        }
        await TenantPurge.RunAsync(rig.Services, "gone", default);
        foreach (string table in s_tables)
        {
            Assert.Equal(0, await CountAsync($"select count(*) from {table} where tenant = 'gone'"));
            Assert.NotEqual(0, await CountAsync($"select count(*) from {table} where tenant = 'stays'"));
        }
        Assert.Equal(0, await CountAsync("set sluice.tenant = 'gone'; select count(*) from cache_entries"));
        Assert.Equal(1, await CountAsync("set sluice.tenant = 'stays'; select count(*) from cache_entries"));
    }

    [Fact]
    public async Task Deleted_queues_are_gone_from_the_broker()
    {
        WorkerRig rig = await StartAsync("w1");
        await rig.EndAsync(await rig.SubmitAsync(Prompt("one")));
        string queue = Broker.Names.Run(StubModel.Name, JobClass.Standard);
        Assert.True(await Broker.ExistsAsync(queue));
        BrokerTopology topology = rig.Get<BrokerTopology>();
        await rig.StopAsync();
        await topology.DeleteAsync([StubModel.Name], default);
        Assert.False(await Broker.ExistsAsync(queue));
        Assert.False(await Broker.ExistsAsync(Broker.Names.Submit));
    }
}
