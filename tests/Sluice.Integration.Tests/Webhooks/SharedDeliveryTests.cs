using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service.Telemetry;
using Sluice.Service.Webhooks;
using Sluice.Store;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Webhooks;

/// <summary>Several senders over one database, a receiver that fails now and then, and a sender that dies with claims in hand.</summary>
[Collection(PostgresTests.Name)]
public sealed class SharedDeliveryTests : StoreContract
{
    private const int Jobs = 300;
    private readonly ConcurrentQueue<(string Id, string Body, int Status)> _received = [];
    private readonly PostgresHost _host;

    /// <summary>Those of the sender that died: a first attempt is counted for them, so that another failure would move them five minutes on.</summary>
    private readonly ConcurrentDictionary<string, bool> _spared = [];

    public SharedDeliveryTests(PostgresDatabase database)
        : this(new PostgresHost(database))
    {
    }

    private SharedDeliveryTests(PostgresHost host)
        : base(host) => _host = host;

    [Fact]
    public async Task Every_event_arrives_with_one_id_and_the_same_bytes_whoever_dies_or_fails()
    {
        await using WebApplication sink = await SinkAsync();
        WebhookOptions options = new() { AllowHttp = true, AllowAnyPort = true, Poll = TimeSpan.FromMilliseconds(50) };
        SecretBox box = SecretBox.Open(options, embedded: true);
        Guid endpoint = Guid.CreateVersion7();
        await Webhooks.AddAsync(new NewWebhookEndpoint(endpoint, Tenant, sink.Urls.First() + "/hook", [], box.Seal(WebhookSecret.New(), Tenant, endpoint)), 1, Token);
        await EndJobsAsync();

        IReadOnlyList<DueDelivery> lost = await Webhooks.ClaimAsync(
            new DeliveryClaim { Most = 40, PerTarget = 40, Lease = TimeSpan.FromSeconds(2) }, new WebhookBody(Options.Create(options)).Compose, Token);
        Assert.Equal(40, lost.Count);
        Assert.All(lost, due => _spared.TryAdd(DeliveryRunner.EventId(due.Id), true));
        await using ServiceProvider metering = new ServiceCollection().AddMetrics().BuildServiceProvider();
        WebhookSender[] senders = [.. Enumerable.Range(0, 3).Select(_ => Sender(options, box, metering.GetRequiredService<IMeterFactory>()))];
        await Task.WhenAll(senders.Select(sender => sender.StartAsync(Token)));
        for (int i = 0; i < 600 && _received.Where(r => r.Status == 200).DistinctBy(r => r.Id).Count() < Jobs; i++)
        {
            await Task.Delay(100, Token);
        }
        await Task.WhenAll(senders.Select(sender => sender.StopAsync(Token)));

        ILookup<string, (string Id, string Body, int Status)> byId = _received.ToLookup(r => r.Id);
        Assert.Equal(Jobs, byId.Count);
        Assert.All(byId, attempts => Assert.Single(attempts.Select(a => a.Body).Distinct()));
        Assert.All(byId, attempts => Assert.Single(attempts, a => a.Status == 200));
        Assert.Equal(Jobs, byId.Select(attempts => attempts.First().Body).Distinct().Count());
        Assert.True(_received.Count(r => r.Status == 500) > Jobs / 6, "The receiver hardly failed.");
        Assert.All(lost, due => Assert.Equal(Encoding.UTF8.GetString(due.Body), byId[DeliveryRunner.EventId(due.Id)].First().Body));
        Assert.All(await Webhooks.DeliveriesAsync(Tenant, endpoint, Jobs, Token), d => Assert.Equal(DeliveryState.Delivered, d.State));
    }

    private WebhookSender Sender(WebhookOptions options, SecretBox box, IMeterFactory meters)
    {
        AddressPolicy policy = new(options, loopback: true);
        IOptions<WebhookOptions> settings = Options.Create(options);
        WebhookClient client = new(GuardedDialer.Over(policy), options.Timeout, TimeProvider.System);
        DeliveryRunner runner = new(
            _host.Webhooks, client, new WebhookRules(options, policy, box), new WebhookSecrets(_host.Webhooks, box), new SluiceMetrics(meters), settings, NullLogger<DeliveryRunner>.Instance);
        return new WebhookSender(_host.Webhooks, runner, new WebhookBody(settings), box, settings, TimeProvider.System, NullLogger<WebhookSender>.Instance);
    }

    /// <summary>Fails about three in ten of the others once, by their id.</summary>
    private async Task<WebApplication> SinkAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        ConcurrentDictionary<string, bool> failed = [];
        app.Run(async context =>
        {
            using StreamReader reader = new(context.Request.Body);
            string body = await reader.ReadToEndAsync(context.RequestAborted), id = context.Request.Headers["webhook-id"].ToString();
            bool fails = !_spared.ContainsKey(id) && SHA256.HashData(Encoding.UTF8.GetBytes(id))[0] % 10 < 3 && failed.TryAdd(id, true);
            _received.Enqueue((id, body, fails ? 500 : 200));
            context.Response.StatusCode = fails ? StatusCodes.Status500InternalServerError : StatusCodes.Status200OK;
        });
        await app.StartAsync(Token);
        return app;
    }

    private async Task EndJobsAsync()
    {
        Guid worker = await WorkerAsync();
        NewJob[] jobs = [.. Enumerable.Range(0, Jobs).Select(_ => Job())];
        await Store.SubmitAsync(jobs, Token);
        JobId[] ids = [.. jobs.Select(job => job.Id)];
        await Store.ReserveAsync(worker, ids, Token);
        IReadOnlyList<ClaimedJob> claimed = await Store.ClaimAsync(worker, ids, Token);
        IReadOnlyList<bool> written = await Store.FinishAsync(
            worker, [.. claimed.Select(job => new JobOutcome { Fence = job.Fence, State = JobState.Succeeded, Result = Answer() })], Token);
        Assert.Equal(Jobs, written.Count(w => w));
    }
}
