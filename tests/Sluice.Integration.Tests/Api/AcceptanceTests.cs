using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Sluice.Engine;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Queue;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Api;

/// <summary>What callers over HTTP see while Postgres is away or enough waits, with the time-outs that the product ships.</summary>
[Collection(PostgresTests.Name)]
public sealed class AcceptanceTests(PostgresDatabase database) : RealRigs(database)
{
    private static readonly TimeSpan s_promised = TimeSpan.FromSeconds(2);
    private readonly string _key = ApiKeyText.Create("default", KeyScopes.All, null, TimeProvider.System.GetUtcNow()).Text;

    [Fact]
    public async Task A_submit_gets_503_with_retry_after_within_two_seconds_and_is_accepted_again_by_itself()
    {
        NpgsqlConnectionStringBuilder direct = new(Postgres);
        await using TcpProxy proxy = new(direct.Host!, direct.Port);
        await using WebApplication app = await ServeAsync(("Store:ConnectionString", new NpgsqlConnectionStringBuilder(Postgres) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString));
        using HttpClient client = Connect(app);
        await EventuallyAsync(async () => (await SubmitAsync(client)).StatusCode == HttpStatusCode.Accepted, "the first submit is accepted");

        await proxy.DownAsync();
        for (int attempt = 0; attempt < 5; attempt++)
        {
            long from = Stopwatch.GetTimestamp();
            using HttpResponseMessage refused = await SubmitAsync(client);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.InRange(Stopwatch.GetElapsedTime(from), TimeSpan.Zero, s_promised);
        }
        proxy.Up();
        await EventuallyAsync(async () => (await SubmitAsync(client)).StatusCode == HttpStatusCode.Accepted, "a submit is accepted again");
        await app.StopAsync();
    }

    [Theory]
    [InlineData("Intake:QueuedPerTenant", "3")]
    [InlineData("Intake:QueuedTokensPerTenant", "410")]
    [InlineData("Intake:Queued", "3")]
    [InlineData("Intake:QueuedTokens", "410")]
    public async Task Beyond_what_may_wait_a_submit_gets_429_with_retry_after_and_what_was_accepted_runs(string setting, string value)
    {
        await using WebApplication app = await ServeAsync((setting, value), ("Intake:CountEvery", "00:00:00.2"));
        using HttpClient client = Connect(app);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.Accepted, (await SubmitAsync(client)).StatusCode);
        }
        using HttpResponseMessage refused = await SubmitAsync(client);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(3, await CountAsync("select count(*) from jobs"));
        await StartAsync("w1");
        await EventuallyAsync(async () => await CountAsync("select count(*) from jobs where state = 2") == 3, "what was accepted has run");
        await EventuallyAsync(async () => (await SubmitAsync(client)).StatusCode == HttpStatusCode.Accepted, "there is room again");
        await app.StopAsync();
    }

    [Fact]
    public async Task A_cancelled_job_stays_cancelled_a_retry_is_a_new_job_that_names_it_and_on_late_reject_needs_quotes()
    {
        await using WebApplication app = await ServeAsync();
        using HttpClient client = Connect(app);
        HttpStatusCode early = HttpStatusCode.ServiceUnavailable; // until the node has read what is known
        await WorkerRig.EventuallyAsync(async () =>
        {
            using HttpResponseMessage refused = await PostAsync(client, "/v1/jobs", """{"model":"stub","prompt":"late?","ttl":60,"on_late":"reject"}""");
            return (early = refused.StatusCode) != HttpStatusCode.ServiceUnavailable;
        }, "it knows that nothing is known", 120);
        Assert.Equal(HttpStatusCode.BadRequest, early);
        JobId first = await IdAsync(await SubmitAsync(client));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(client, $"/v1/jobs/{first}/cancel", "")).StatusCode);
        using HttpResponseMessage answer = await PostAsync(client, $"/v1/jobs/{first}/retry", "");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        JobId second = await IdAsync(answer);
        WorkerRig rig = await StartAsync("w1");
        JobRecord retried = await rig.EndAsync(second, "default");
        Assert.Equal((JobState.Succeeded, first), (retried.State, retried.RetryOf!.Value));
        Assert.Equal(JobState.Cancelled, (await rig.EndAsync(first, "default")).State);
        Assert.Equal(2, await CountAsync("select count(*) from jobs"));
        await app.StopAsync();
    }

    [Fact]
    public async Task A_worker_holds_no_more_than_its_limit_and_the_rest_stays_for_others()
    {
        StubOptions slow = new() { MaxSequences = 1, BatchTime = TimeSpan.FromMilliseconds(300) };
        WorkerRig rig = await StartAsync("w1", slow, ("Worker:HoldLimit", "5"));
        JobId[] ids = await rig.SubmitManyAsync(15, i => Prompt($"job {i}"));
        long most = 0;
        await WorkerRig.EventuallyAsync(async () =>
        {
            most = Math.Max(most, await CountAsync("select count(*) from jobs where state = 0 and held_by is not null"));
            return await CountAsync("select count(*) from jobs where state = 2") == 15;
        }, "all have run", 60);
        Assert.InRange(most, 1, 5);
        Assert.All(await rig.EndAllAsync(ids), job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string body) =>
        client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));

    private static async Task<JobId> IdAsync(HttpResponseMessage answer) =>
        JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(), JobsJson.Default.JobView)!.Id;

    private async Task<WebApplication> ServeAsync(params (string Key, string? Value)[] changes)
    {
        Dictionary<string, string?> settings = new()
        {
            ["Store:ConnectionString"] = Postgres,
            ["Queue:Host"] = Broker.Host,
            ["Queue:Prefix"] = Broker.Prefix,
            ["Queue:Shards"] = Broker.Shards.ToString(System.Globalization.CultureInfo.InvariantCulture), // as the workers'
            ["Access:BootstrapKey"] = _key,
        };
        foreach ((string key, string? value) in changes)
        {
            settings[key] = value;
        }
        WebApplication app = SluiceHost.Build(new SluiceHostOptions
        {
            Engine = EngineKind.Stub,
            Roles = new HashSet<HostRole> { HostRole.Api },
            Urls = "http://127.0.0.1:0",
            Settings = settings,
        });
        await app.StartAsync();
        return app;
    }

    private HttpClient Connect(WebApplication app)
    {
        HttpClient client = new() { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        return client;
    }

    private static Task EventuallyAsync(Func<Task<bool>> holds, string what) => WorkerRig.EventuallyAsync(holds, what);

    private static Task<HttpResponseMessage> SubmitAsync(HttpClient client) => PostAsync(client, "/v1/jobs", """{"model":"stub","prompt":"hello","cache":{"mode":"off"}}""");
}
