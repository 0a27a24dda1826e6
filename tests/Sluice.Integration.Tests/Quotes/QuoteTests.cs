using System.Collections.Concurrent;
using System.Text.Json;
using Sluice.Engine;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service.Quotes;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Quotes;

/// <summary>Quotes by the real database and broker: what was learned outlives the worker, and reaches nodes without one.</summary>
[Collection(PostgresTests.Name)]
public sealed class QuoteTests(PostgresDatabase database) : RealRigs(database)
{
    private static readonly StubOptions s_slow = new() { MaxSequences = 4, BatchTime = TimeSpan.FromMilliseconds(100) };
    private static readonly (string, string?)[] s_quick = [("Worker:ReportInterval", "00:00:00.1"), ("Intake:CountEvery", "00:00:00.1")];

    [Fact]
    public async Task What_a_worker_learned_is_kept_at_its_drain_and_quotes_the_first_job_of_the_next()
    {
        WorkerRig first = await StartAsync("w1", s_slow, s_quick);
        await first.EndAllAsync(await first.SubmitManyAsync(40, i => Prompt($"learn {i}")), seconds: 60);
        Assert.Equal(0, await CountAsync("select count(*) from cost_models"));
        await first.StopAsync();
        Assert.Equal(1, await CountAsync("select count(*) from cost_models where model = 'stub' and backend like 'stub x%'"));
        Assert.Contains(first.Log, line => line.Contains("Costs of stub on stub x", StringComparison.Ordinal));

        WorkerRig next = await StartAsync("w1", s_slow, s_quick);
        QuoteBook book = next.Get<QuoteBook>();
        await WorkerRig.EventuallyAsync(() => book.Knows("stub"), "what was learned is known");
        await WorkerRig.EventuallyAsync(async () => (await next.Store.GetAsync("t1", await next.SubmitAsync(Prompt("ask")), default))!.Eta is not null, "quotes are made");
        JobRecord job = await next.EndAsync(await next.SubmitAsync(Prompt("first") with { Ttl = 600 }));
        Assert.Equal((JobState.Succeeded, true), (job.State, job.WillMeetDeadline));
        Assert.InRange(job.Eta!.Value, job.CreatedAt, job.CreatedAt.AddSeconds(30));
    }

    [Fact]
    public async Task A_node_without_a_worker_quotes_by_what_the_others_have_to_do()
    {
        WorkerRig worker = await StartAsync("w1", s_slow, [.. s_quick, ("Worker:CostInterval", "00:00:00.2")]);
        WorkerRig door = await StartAsync(null, null, s_quick);
        await worker.EndAllAsync(await worker.SubmitManyAsync(40, i => Prompt($"learn {i}")), seconds: 60);
        await WorkerRig.EventuallyAsync(() => door.Get<QuoteBook>().Knows("stub"), "the door knows");
        await WorkerRig.EventuallyAsync(async () => (await EtaAsync(door, "ask")) is not null, "the door quotes");
        await WorkerRig.EventuallyAsync(async () => (await door.Store.StatisticsAsync(default)) is { Queued: 0, Running: 0 }, "nothing waits");
        TimeSpan? idle = null;
        await WorkerRig.EventuallyAsync(async () => (idle = await EtaAsync(door, "idle")) is not null, "the door quotes while nothing waits");
        // what the worker's own door has taken is seen by the other within its interval of counting
        // 50 s of work: more than passes before that, and more than those who ask bring
        await worker.SubmitManyAsync(2000, i => Prompt($"load {i}"));
        await WorkerRig.EventuallyAsync(async () => await EtaAsync(door, "behind") > idle + TimeSpan.FromSeconds(5), "the load is in the quote");
    }

    [Fact]
    public async Task Over_the_bus_a_job_that_cannot_be_in_time_is_rejected_with_the_eta()
    {
        WorkerRig rig = await StartAsync("w1", s_slow, [.. s_quick, ("Worker:CostInterval", "00:00:00.2"), ($"Queue:Tenants:{Broker.User}", "acme")]);
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("Bus started", StringComparison.Ordinal)), "the bus is up");
        await rig.EndAllAsync(await rig.SubmitManyAsync(40, i => Prompt($"learn {i}")), seconds: 60);
        await WorkerRig.EventuallyAsync(async () => (await EtaAsync(rig, "ask")) is not null, "quotes are made");
        ConcurrentQueue<(string Key, string Body)> rejected = await Broker.ListenAsync(Broker.Names.Rejected);
        await Broker.SubmitAsync("""{"schema_version":1,"idempotency_key":"k","job":{"model":"stub","prompt":"late","ttl":0.01,"on_late":"reject"}}""");
        await WorkerRig.EventuallyAsync(() => !rejected.IsEmpty, "it is rejected");
        using JsonDocument told = JsonDocument.Parse(Assert.Single(rejected).Body);
        JsonElement message = told.RootElement.GetProperty("message");
        Assert.Equal(("ttl", "deadline_cannot_be_met"), (message.GetProperty("errors")[0].GetProperty("field").GetString(), message.GetProperty("errors")[0].GetProperty("code").GetString()));
        Assert.True(message.GetProperty("eta").GetDateTimeOffset() > TimeProvider.System.GetUtcNow().AddMinutes(-1));
        Assert.Empty(await rig.Store.ListAsync("acme", new JobQuery(), default));
    }

    private static async Task<TimeSpan?> EtaAsync(WorkerRig rig, string prompt)
    {
        JobRecord job = (await rig.Store.GetAsync("t1", await rig.SubmitAsync(Prompt(prompt)), default))!;
        return job.Eta - job.CreatedAt;
    }
}
