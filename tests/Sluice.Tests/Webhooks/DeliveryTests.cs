using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Telemetry;
using Sluice.Service.Webhooks;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>A delivery through its whole life, on a clock that only moves when told.</summary>
public sealed class DeliveryTests : IAsyncDisposable
{
    private static readonly double[] s_delays = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
    private readonly ManualTime _time = new();
    private readonly MemoryJobStore _jobs;
    private readonly MemoryWebhookStore _store;
    private readonly WebhookOptions _options = new();
    private readonly SecretBox _box = SecretBox.Open(new WebhookOptions(), embedded: true);
    private readonly WebhookSecrets _secrets;
    private readonly WebhookClient _client;
    private readonly ServiceProvider _services = Metering();

    private int _status = 200;
    private string _headers = "";
    private readonly Sink _sink;

    public DeliveryTests()
    {
        _jobs = new MemoryJobStore(_time);
        _store = new MemoryWebhookStore(_jobs);
        _secrets = new WebhookSecrets(_store, _box);
        _client = new WebhookClient(GuardedDialer.Over(Policy), TimeSpan.FromSeconds(15), _time);
        _sink = Sink.That((_, stream, token) => stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Sink.Answer(_status, _headers)), token).AsTask());
    }

    private AddressPolicy Policy => new(_options, loopback: true);

    public async ValueTask DisposeAsync()
    {
        await _sink.DisposeAsync();
        _client.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task A_failing_receiver_is_asked_ten_times_on_schedule_with_the_same_bytes()
    {
        (Guid endpoint, byte[] secret) = await EndpointAsync();
        await EndAsync();
        _status = 500;
        foreach (double delay in s_delays)
        {
            Assert.Equal(1, await RunDueAsync());
            double wait = (Assert.Single(await DeliveriesAsync(endpoint)).NextAt - _time.GetUtcNow()).TotalSeconds;
            Assert.InRange(wait, delay * 0.8, delay * 1.2);
            _time.Advance(TimeSpan.FromSeconds(wait - 0.001));
            Assert.Equal(0, await RunDueAsync());
            _time.Advance(TimeSpan.FromSeconds(0.002));
        }
        Assert.Equal(1, await RunDueAsync());
        WebhookDelivery last = Assert.Single(await DeliveriesAsync(endpoint));
        Assert.Equal((DeliveryState.Exhausted, 10, 500), (last.State, last.Attempts, last.LastStatus));
        Assert.Equal(10, _sink.Requests.Count);
        Assert.Single(_sink.Requests.Select(request => Convert.ToHexString(request.Body)).Distinct());
        Assert.Single(_sink.Requests.Select(request => request.Headers["webhook-id"]).Distinct());
        Assert.Equal(10, _sink.Requests.Select(request => request.Headers["webhook-timestamp"]).Distinct().Count());
        DateTimeOffset now = _time.GetUtcNow();
        Received newest = _sink.Requests.Last();
        Assert.True(Receiver.Accepts(WebhookSecret.Text(secret), newest.Headers["webhook-id"], newest.Headers["webhook-timestamp"], newest.Headers["webhook-signature"], newest.Body, now));
        _time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(0, await RunDueAsync());
    }

    [Fact]
    public async Task What_was_given_up_goes_out_again_when_replayed_with_its_id_and_bytes_and_ten_new_attempts()
    {
        (Guid endpoint, byte[] secret) = await EndpointAsync();
        await EndAsync();
        _status = 500;
        for (int attempt = 1; attempt <= 10; attempt++)
        {
            Assert.Equal(1, await RunDueAsync());
            _time.Advance(Assert.Single(await DeliveriesAsync(endpoint)).NextAt - _time.GetUtcNow());
        }
        WebhookDelivery given = Assert.Single(await DeliveriesAsync(endpoint));
        Assert.Equal(DeliveryState.Exhausted, given.State);
        await _store.ReplayAsync("acme", endpoint, given.Id, CancellationToken.None);
        Assert.Equal(1, await RunDueAsync());
        WebhookDelivery again = Assert.Single(await DeliveriesAsync(endpoint));
        Assert.Equal((DeliveryState.Pending, 1), (again.State, again.Attempts));
        _status = 200;
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(1, await RunDueAsync());
        Assert.Equal(DeliveryState.Delivered, Assert.Single(await DeliveriesAsync(endpoint)).State);
        Assert.Single(_sink.Requests.Select(request => (request.Headers["webhook-id"], Convert.ToHexString(request.Body))).Distinct());
        Assert.Equal(12, _sink.Requests.Count);
        Assert.True(Accepts(secret));
    }

    [Fact]
    public async Task The_body_is_thin()
    {
        await EndpointAsync();
        JobId job = await EndAsync();
        await RunDueAsync();
        using JsonDocument body = JsonDocument.Parse((await _sink.FirstAsync()).Body);
        string expected = $$"""{"type":"job.succeeded","timestamp":"2026-01-31T09:30:00.000Z","data":{"id":"{{job}}","object":"job","state":"succeeded","url":"/v1/jobs/{{job}}","custom_id":"mine"} }""";
        Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), body.RootElement.GetRawText());
    }

    [Fact]
    public async Task Retry_after_moves_the_next_attempt()
    {
        (Guid endpoint, _) = await EndpointAsync();
        await EndAsync();
        (_status, _headers) = (429, "Retry-After: 90\r\n");
        await RunDueAsync();
        Assert.Equal(90, (Assert.Single(await DeliveriesAsync(endpoint)).NextAt - _time.GetUtcNow()).TotalSeconds, 1e-3);
    }

    [Fact]
    public async Task Gone_disables_at_once()
    {
        (Guid endpoint, _) = await EndpointAsync();
        await EndAsync();
        await EndAsync();
        _status = 410;
        Assert.Equal(1, await RunDueAsync(most: 1));
        Assert.Equal(0, await RunDueAsync());
        Assert.Equal("gone", (await _store.GetAsync("acme", endpoint, CancellationToken.None))!.DisabledReason);
        Assert.Single(_sink.Requests);
    }

    [Fact]
    public async Task Five_days_of_failures_disable_and_one_success_prevents_it()
    {
        (Guid endpoint, _) = await EndpointAsync();
        _status = 500;
        for (int hour = 0; hour < 119; hour += 7)
        {
            await FailAnHourAsync();
        }
        _status = 200;
        await FailAnHourAsync();
        _status = 500;
        await FailAnHourAsync();
        DateTimeOffset since = (await EndpointOf(endpoint)).FailingSince!.Value;
        while (_time.GetUtcNow() < since + TimeSpan.FromDays(5))
        {
            Assert.Null((await EndpointOf(endpoint)).DisabledAt);
            await FailAnHourAsync();
        }
        await FailAnHourAsync();
        Assert.Equal("failing", (await EndpointOf(endpoint)).DisabledReason);

        async Task FailAnHourAsync()
        {
            await EndAsync();
            await RunDueAsync();
            _time.Advance(TimeSpan.FromHours(7));
        }
    }

    [Fact]
    public async Task After_a_rotation_both_secrets_are_accepted_until_the_former_ends()
    {
        (Guid endpoint, byte[] former) = await EndpointAsync();
        byte[] current = (await _secrets.RotateAsync("acme", endpoint, TimeSpan.FromHours(24), CancellationToken.None))!.Value.Secret;
        await EndAsync();
        await RunDueAsync();
        Assert.Equal((true, true), (Accepts(former), Accepts(current)));
        _time.Advance(TimeSpan.FromHours(25));
        await EndAsync();
        await RunDueAsync();
        Assert.Equal((false, true), (Accepts(former), Accepts(current)));
    }

    [Fact]
    public async Task A_jobs_own_url_is_signed_with_its_tenants_secret_which_is_made_when_it_is_needed()
    {
        await EndAsync(new WebhookRequest { Url = _sink.Url });
        Assert.Equal(1, await RunDueAsync());
        Assert.Single((await _sink.FirstAsync()).Headers["webhook-signature"].Split(' '));
        byte[] secret = (await _secrets.RotateAsync("acme", WebhookEndpoint.OfJobs("acme"), TimeSpan.FromHours(1), CancellationToken.None))!.Value.Secret;
        await EndAsync(new WebhookRequest { Url = _sink.Url });
        await RunDueAsync();
        Assert.True(Accepts(secret));
    }

    [Theory]
    [InlineData("https://10.0.0.1/", "url_refused")]
    [InlineData("https://169.254.169.254/", "url_refused")]
    [InlineData("https://inside.example/", "blocked_address")]
    public async Task A_blocked_address_is_not_tried_again(string url, string error)
    {
        WebhookOptions options = new();
        using WebhookClient client = new(
            new GuardedDialer(new AddressPolicy(options, loopback: false), (_, _) => Task.FromResult(new[] { System.Net.IPAddress.Parse("10.0.0.1") }), (_, _) => throw new InvalidOperationException("It dialled.")),
            TimeSpan.FromSeconds(15), _time);
        await EndAsync(new WebhookRequest { Url = url });
        await RunDueAsync(runner: Runner(client, new WebhookRules(options, new AddressPolicy(options, loopback: false), _box)));
        WebhookDelivery dropped = Assert.Single(await DeliveriesAsync(WebhookEndpoint.OfJobs("acme")));
        Assert.Equal((DeliveryState.Dropped, error), (dropped.State, dropped.LastError));
    }

    private static ServiceProvider Metering()
    {
        ServiceCollection services = [];
        services.AddMetrics();
        return services.BuildServiceProvider();
    }

    private async Task<WebhookEndpoint> EndpointOf(Guid id) => (await _store.GetAsync("acme", id, CancellationToken.None))!;

    private bool Accepts(byte[] secret)
    {
        Received got = _sink.Requests.Last();
        return Receiver.Accepts(WebhookSecret.Text(secret), got.Headers["webhook-id"], got.Headers["webhook-timestamp"], got.Headers["webhook-signature"], got.Body, _time.GetUtcNow());
    }

    private DeliveryRunner Runner(WebhookClient client, WebhookRules rules)
    {
        IMeterFactory meters = _services.GetRequiredService<IMeterFactory>();
        return new DeliveryRunner(_store, client, rules, _secrets, new SluiceMetrics(meters), Options.Create(_options), NullLogger<DeliveryRunner>.Instance);
    }

    private async Task<(Guid Id, byte[] Secret)> EndpointAsync()
    {
        Guid id = Guid.NewGuid();
        byte[] secret = WebhookSecret.New();
        Assert.True(await _store.AddAsync(new NewWebhookEndpoint(id, "acme", _sink.Url, [], _box.Seal(secret, "acme", id)), 5, CancellationToken.None));
        return (id, secret);
    }

    private Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(Guid endpoint) => _store.DeliveriesAsync("acme", endpoint, 10, CancellationToken.None);

    /// <summary>A job that has succeeded.</summary>
    private async Task<JobId> EndAsync(WebhookRequest? webhook = null)
    {
        NewJob job = EndedJobs.Job("mine", new JobRequest { Model = "m", Prompt = "secret words", Webhook = webhook });
        await EndedJobs.SucceedAsync(_jobs, job);
        return job.Id;
    }

    /// <summary>Sends what is due. Returns how many.</summary>
    private async Task<int> RunDueAsync(int most = 100, DeliveryRunner? runner = null)
    {
        runner ??= Runner(_client, new WebhookRules(_options, Policy, _box));
        WebhookBody body = new(Options.Create(_options));
        IReadOnlyList<DueDelivery> due = await _store.ClaimAsync(new DeliveryClaim { Most = most, PerTarget = most, Lease = _options.Lease }, body.Compose, CancellationToken.None);
        foreach (DueDelivery delivery in due)
        {
            await runner.RunAsync(delivery, CancellationToken.None);
        }
        return due.Count;
    }
}
