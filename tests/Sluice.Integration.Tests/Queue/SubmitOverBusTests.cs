using System.Collections.Concurrent;
using System.Text.Json;
using MassTransit;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Jobs.Messages;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Queue;

/// <summary>Jobs that producers send over the bus.</summary>
[Collection(PostgresTests.Name)]
public sealed class SubmitOverBusTests(PostgresDatabase database) : RealRigs(database)
{
    private const string Tenant = "acme";

    private static string Body(string key, string prompt = "over the bus", string more = "") =>
        $$$"""{"schema_version":1,"idempotency_key":"{{{key}}}","job":{"model":"stub","prompt":"{{{prompt}}}","cache":{"mode":"off"}{{{more}}}}}""";

    private Task<WorkerRig> NodeAsync() => StartAsync("w1", null, ($"Queue:Tenants:{Broker.User}", Tenant));

    private static async Task<JobRecord> OnlyJobAsync(WorkerRig rig)
    {
        JobList jobs = new([], null);
        await WorkerRig.EventuallyAsync(async () => (jobs = await rig.Store.ListAsync(Tenant, new JobQuery(), default)).Count == 1 && jobs[0].State.IsTerminal(), "one job has ended");
        return jobs[0];
    }

    private static async Task AwaitQueueAsync(WorkerRig rig) =>
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("Bus started", StringComparison.Ordinal)), "the bus is up");

    [Fact]
    public async Task A_bare_json_message_becomes_a_job_of_the_users_tenant_and_its_end_is_told()
    {
        WorkerRig rig = await NodeAsync();
        await AwaitQueueAsync(rig);
        ConcurrentQueue<(string Key, string Body)> finished = await Broker.ListenAsync(Broker.Names.Finished);
        await Broker.SubmitAsync(Body("k1"));
        JobRecord job = await OnlyJobAsync(rig);
        Assert.Equal(JobState.Succeeded, job.State);
        await WorkerRig.EventuallyAsync(() => !finished.IsEmpty, "the end is told");
        (string key, string body) = Assert.Single(finished);
        using JsonDocument told = JsonDocument.Parse(body);
        JsonElement message = told.RootElement.GetProperty("message");
        Assert.Equal(Tenant, key);
        Assert.Equal(job.Id.ToString(), message.GetProperty("id").GetString());
        Assert.Equal("succeeded", message.GetProperty("state").GetString());
        Assert.Equal("k1", message.GetProperty("idempotency_key").GetString());
        Assert.Equal("urn:message:Sluice.Jobs.Messages:JobFinished", told.RootElement.GetProperty("messageType")[0].GetString());
    }

    [Fact]
    public async Task An_enveloped_message_is_understood_and_a_repeated_one_makes_no_second_job()
    {
        WorkerRig rig = await NodeAsync();
        await AwaitQueueAsync(rig);
        string envelope = $$"""{"messageId":"{{Guid.NewGuid()}}","messageType":["urn:message:Sluice.Jobs.Messages:SubmitJob"],"message":{{Body("k2")}}}""";
        for (int i = 0; i < 3; i++)
        {
            await Broker.SubmitAsync(envelope, "application/vnd.masstransit+json");
        }
        Assert.Equal(JobState.Succeeded, (await OnlyJobAsync(rig)).State);
        await WorkerRig.EventuallyAsync(async () => await Broker.ReadyAsync(Broker.Names.Submit) == 0, "all are on their way");
        // a consumer that ends in good order has answered what it took; what it has not would be there again
        await rig.StopAsync();
        Assert.Equal(0u, await Broker.ReadyAsync(Broker.Names.Submit));
        Assert.Equal(1, await CountAsync("select count(*) from jobs"));
    }

    [Theory]
    [InlineData("""{"schema_version":1,"idempotency_key":"k","job":{"model":"none","prompt":"x"}}""", "model")]
    [InlineData("""{"schema_version":1,"idempotency_key":"k","job":{"model":"stub","prompt":"x","colour":"red"}}""", "colour")]
    [InlineData("""{"schema_version":2,"idempotency_key":"k","job":{"model":"stub","prompt":"x"}}""", "schema_version")]
    [InlineData("""{"schema_version":1,"job":{"model":"stub","prompt":"x"}}""", "idempotency_key")]
    [InlineData("""{"schema_version":1,"idempotency_key":"k"}""", "job")]
    public async Task What_cannot_be_accepted_is_answered_with_the_fields_name(string body, string field)
    {
        WorkerRig rig = await NodeAsync();
        await AwaitQueueAsync(rig);
        ConcurrentQueue<(string Key, string Body)> rejected = await Broker.ListenAsync(Broker.Names.Rejected);
        await Broker.SubmitAsync(body);
        await WorkerRig.EventuallyAsync(() => !rejected.IsEmpty, "it is rejected");
        (string key, string told) = Assert.Single(rejected);
        Assert.Equal(Tenant, key);
        using JsonDocument message = JsonDocument.Parse(told);
        string named = message.RootElement.GetProperty("message").GetProperty("errors")[0].GetRawText();
        Assert.Contains(field, named, StringComparison.Ordinal);
        Assert.Empty(await rig.Store.ListAsync(Tenant, new JobQuery(), default));
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_named_at_once()
    {
        WorkerRig rig = await NodeAsync();
        await AwaitQueueAsync(rig);
        ConcurrentQueue<(string Key, string Body)> rejected = await Broker.ListenAsync(Broker.Names.Rejected);
        await Broker.SubmitAsync("""{"schema_version":9,"tenant":"other","job":{"model":"none","prompt":7,"ttl":"soon","parameters":{"top_p":3,"max_tokens":0}}}""");
        await WorkerRig.EventuallyAsync(() => !rejected.IsEmpty, "it is rejected");
        using JsonDocument message = JsonDocument.Parse(Assert.Single(rejected).Body);
        string[] fields = [.. message.RootElement.GetProperty("message").GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString()!).Order(StringComparer.Ordinal)];
        Assert.Equal(["idempotency_key", "model", "parameters.max_tokens", "parameters.top_p", "prompt", "schema_version", "tenant", "ttl"], fields);
        Assert.Empty(await rig.Store.ListAsync(Tenant, new JobQuery(), default));
    }

    [Fact]
    public async Task A_producer_with_the_buss_default_settings_is_understood()
    {
        WorkerRig rig = await NodeAsync();
        await AwaitQueueAsync(rig);
        SubmitJob message = new()
        {
            IdempotencyKey = "k5",
            Job = new JobRequest
            {
                Model = "stub",
                Prompt = "from a stranger's bus",
                OnLate = OnLate.Run,
                Ttl = 3600,
                Parameters = new JobParameters { MaxTokens = 3, TopP = 0.5, Seed = 7 },
                Cache = new CacheRequest { Mode = CacheMode.Off, MinSimilarity = 0.99 },
                Metadata = new Dictionary<string, string> { ["caseKept"] = "asGiven" },
            },
        };
        IBusControl bus = Bus.Factory.CreateUsingRabbitMq(configurator => configurator.Host(new Uri(Broker.Host)));
        await bus.StartAsync(TestContext.Current.CancellationToken);
        try
        {
            ISendEndpoint endpoint = await bus.GetSendEndpoint(new Uri($"exchange:{Broker.Names.Submit}"));
            await endpoint.Send(message, context => context.GetPayload<RabbitMqSendContext>().BasicProperties.UserId = Broker.User);
        }
        finally
        {
            await bus.StopAsync(CancellationToken.None);
        }
        JobRecord job = await OnlyJobAsync(rig);
        Assert.Equal((JobState.Succeeded, OnLate.Run), (job.State, job.OnLate));
        JobRequest stored = (await rig.Store.GetInputAsync(Tenant, job.Id, default))!.Request;
        Assert.Equal(message.Job with { Metadata = null }, stored with { Metadata = null });
        Assert.Equal(message.Job.Metadata, stored.Metadata);
    }

    [Fact]
    public async Task A_message_that_no_user_vouches_for_is_rejected_whatever_its_body_says()
    {
        WorkerRig rig = await NodeAsync();
        await AwaitQueueAsync(rig);
        ConcurrentQueue<(string Key, string Body)> rejected = await Broker.ListenAsync(Broker.Names.Rejected);
        await Broker.SubmitAsync(Body("k3"), withUser: false);
        await WorkerRig.EventuallyAsync(() => !rejected.IsEmpty, "it is rejected");
        Assert.Contains("user_id", Assert.Single(rejected).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Garbage_is_put_aside_once_and_nothing_is_sent_to_addresses_that_it_names()
    {
        WorkerRig rig = await NodeAsync();
        await AwaitQueueAsync(rig);
        string forged = $$"""{"messageId":"not a guid","faultAddress":"exchange:{{Broker.Prefix}}-forged","messageType":["urn:message:Sluice.Jobs.Messages:SubmitJob"],"message":7""";
        await Broker.SubmitAsync("this is not json");
        await Broker.SubmitAsync(forged, "application/vnd.masstransit+json");
        await Broker.SubmitAsync(Body("k4")); // what comes behind it is not held up
        Assert.Equal(JobState.Succeeded, (await OnlyJobAsync(rig)).State);
        await WorkerRig.EventuallyAsync(async () => await Broker.ReadyAsync($"{Broker.Names.Submit}_error") == 2, "both are aside");
        Assert.Equal(0u, await Broker.ReadyAsync(Broker.Names.Submit));
        Assert.Equal(0u, await Broker.ReadyAsync($"{Broker.Prefix}-forged"));
    }
}
