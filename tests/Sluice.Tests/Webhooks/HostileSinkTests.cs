using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Service.Telemetry;
using Sluice.Service.Webhooks;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>Every hostile receiver at once, with the limits that the product ships.</summary>
public sealed class HostileSinkTests : IAsyncLifetime
{
    /// <summary>What a busy machine may add to the 15 s of an attempt.</summary>
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(5);

    /// <summary>16 kB of headers, 16 kB of body, and what buffers and TLS read ahead.</summary>
    private const long MostBytes = 64 * 1024;

    private readonly CertificateAuthority _authority = new();
    private readonly ConcurrentDictionary<int, Taken> _taken = [];
    private readonly List<HostileServer> _servers = [];
    private readonly WebhookOptions _options = new() { AllowAnyPort = true };
    private readonly MemoryJobStore _jobs = new(TimeProvider.System);

    public ValueTask InitializeAsync()
    {
        _servers.AddRange(HostileSinks.Plain().Concat(HostileSinks.Tls(_authority)).Select(sink => new HostileServer(sink)));
        return default;
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));

    [Fact]
    public async Task Each_ends_in_15_s_and_64_kB_is_named_and_tried_again_on_schedule()
    {
        AddressPolicy policy = new(_options, loopback: true);
        GuardedDialer dialer = new(policy, static (host, token) => Dns.GetHostAddressesAsync(host, AddressFamily.InterNetwork, token), OpenAsync);
        using WebhookClient client = new(dialer, _options.Timeout, TimeProvider.System, _authority.Roots);
        using ServiceProvider metering = new ServiceCollection().AddMetrics().BuildServiceProvider();
        MemoryWebhookStore store = new(_jobs);
        SecretBox box = SecretBox.Open(_options, embedded: true);
        DeliveryRunner runner = new(
            store, client, new WebhookRules(_options, policy, box), new WebhookSecrets(store, box), new SluiceMetrics(metering.GetRequiredService<IMeterFactory>()),
            Options.Create(_options), NullLogger<DeliveryRunner>.Instance);
        Dictionary<Guid, HostileServer> endpoints = [];
        foreach (HostileServer server in _servers)
        {
            Guid id = Guid.CreateVersion7();
            endpoints[id] = server;
            Assert.True(await store.AddAsync(new NewWebhookEndpoint(id, "acme", server.Url, [], box.Seal(WebhookSecret.New(), "acme", id)), 1000, CancellationToken.None));
        }
        await EndOneAsync();
        DeliveryClaim claim = new() { Most = 1000, PerTarget = 10, Lease = _options.Lease };
        IReadOnlyList<DueDelivery> due = await store.ClaimAsync(claim, new WebhookBody(Options.Create(_options)).Compose, CancellationToken.None);
        Assert.Equal(_servers.Count, due.Count);

        List<string> faults = [.. (await Task.WhenAll(due.Select(delivery => Task.Run(() => TryAsync(delivery))))).OfType<string>()];
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        // Nothing that was not read can be kept: the bytes taken bound the memory, whatever tests run beside this one.
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"hostile sinks: {_servers.Count}, most bytes taken {_taken.Values.Max(t => t.Bytes)}"));

        async Task<string?> TryAsync(DueDelivery delivery)
        {
            HostileServer server = endpoints[delivery.Endpoint!.Value];
            long start = Stopwatch.GetTimestamp();
            await runner.RunAsync(delivery, CancellationToken.None);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            WebhookDelivery ended = Assert.Single(await store.DeliveriesAsync("acme", delivery.Endpoint.Value, 10, CancellationToken.None));
            long bytes = _taken.GetValueOrDefault(server.Port)?.Bytes ?? 0;
            int connections = _taken.GetValueOrDefault(server.Port)?.Connections ?? 0;
            string seen = $"{server.Sink}: {ended.State} {ended.LastStatus} {ended.LastError} in {took.TotalSeconds:0.0} s, {bytes} bytes, {connections} connections";
            bool asExpected = ended.LastError == server.Sink.Error && ended.State == (server.Sink.Error is null ? DeliveryState.Delivered : DeliveryState.Pending);
            // The first retry is due 4 to 6 s after the record, which was written a moment before it was read.
            bool scheduled = server.Sink.Error is null || (ended.NextAt - now).TotalSeconds is > 1 and <= 6;
            bool bounded = took < _options.Timeout + s_slack && bytes <= MostBytes && connections == 1;
            return asExpected && scheduled && bounded ? null : seen;
        }
    }

    [Fact]
    public async Task A_tenant_whose_fifty_endpoints_hang_holds_its_half_of_the_sender_and_nobody_elses()
    {
        await using HostileServer silent = new(HostileSinks.Plain().Single(sink => sink.Name == "silence"));
        await using Sink quick = Sink.Status(200);
        await using ApiHost host = await ApiHost.StartAsync(worker: true, settings: new() { ["Webhooks:Timeout"] = "00:00:30" });
        using HttpClient hostile = await host.ClientAsync("hostile", KeyScopes.All);
        for (int i = 0; i < 50; i++)
        {
            await PostAsync(hostile, "/v1/webhooks", $$"""{"url":"{{silent.Url}}/{{i}}"}""");
        }
        for (int i = 0; i < 10; i++)
        {
            await PostAsync(hostile, "/v1/jobs", $$"""{"model":"stub","prompt":"number {{i}}","cache":{"mode":"off"} }""");
        }
        await EventuallyAsync(() => silent.Connections >= 16);
        await PostAsync(host.Client, "/v1/webhooks", $$"""{"url":"{{quick.Url}}"}""");
        for (int i = 0; i < 40; i++)
        {
            await PostAsync(host.Client, "/v1/jobs", $$"""{"model":"stub","prompt":"mine {{i}}","cache":{"mode":"off"} }""");
        }
        await EventuallyAsync(() => quick.Requests.Count == 40);
        Assert.InRange(silent.Connections, 16, new WebhookOptions().PerTenant);
    }

    /// <summary>Less than the hostile attempts hang, so that what is waited for did not wait for them.</summary>
    private static async Task EventuallyAsync(Func<bool> holds)
    {
        long start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(25));
            await Task.Delay(20);
        }
    }

    private static async Task PostAsync(HttpClient client, string path, string json)
    {
        using StringContent body = new(json, System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(path, body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task EndOneAsync()
    {
        NewJob job = EndedJobs.Job();
        await _jobs.SubmitAsync([job], CancellationToken.None);
        await _jobs.CancelAsync(EndedJobs.Tenant, job.Id, CancellationToken.None);
    }

    private async Task<Stream> OpenAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, cancellationToken);
        Taken taken = _taken.GetOrAdd(address.Port, _ => new Taken());
        Interlocked.Increment(ref taken.Connections);
        return new CountingStream(socket, taken);
    }

    private sealed class Taken
    {
        public int Connections;
        public long Bytes;
    }

    /// <summary>Counts what is taken from the network.</summary>
    private sealed class CountingStream(Socket socket, Taken taken) : NetworkStream(socket, ownsSocket: true)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await base.ReadAsync(buffer, cancellationToken);
            Interlocked.Add(ref taken.Bytes, read);
            return read;
        }
    }
}
