using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Service.Telemetry;
using Sluice.Service.Webhooks;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>
/// A receiver that fails half of all attempts, by seed. The clock moves only when all that can end of a batch has ended: an attempt that is never answered
/// ends when its time-out is passed, and none ends because the machine is busy.
/// </summary>
public sealed class FlakySinkTests : IAsyncDisposable
{
    private const int Events = 500, AtOnce = 100;
    private readonly ManualTime _time = new();
    private readonly MemoryJobStore _jobs;
    private readonly MemoryWebhookStore _store;
    private readonly WebhookOptions _options = new();
    private readonly SecretBox _box = SecretBox.Open(new WebhookOptions(), embedded: true);
    private readonly WebhookClient _client;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Sink _sink;

    private readonly Fault[,] _faults = Draw(new Random(13)); // (event, attempt)
    private readonly ConcurrentDictionary<string, int> _attempts = [];
    private readonly ConcurrentBag<(string Id, Fault Fault)> _answered = [];
    private int _silent;

    public FlakySinkTests()
    {
        _jobs = new MemoryJobStore(_time);
        _store = new MemoryWebhookStore(_jobs);
        _client = new WebhookClient(GuardedDialer.Over(new AddressPolicy(_options, loopback: true)), _options.Timeout, _time);
        _sink = Sink.That(AnswerAsync);
    }

    private enum Fault
    {
        None,
        Status500,
        Silence,
        Reset,
        Cut,
    }

    public async ValueTask DisposeAsync()
    {
        await _sink.DisposeAsync();
        _client.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Five_hundred_events_all_arrive_under_one_id_with_the_same_bytes_and_are_accepted_once_each()
    {
        Guid endpoint = Guid.CreateVersion7();
        byte[] secret = WebhookSecret.New();
        Assert.True(await _store.AddAsync(new NewWebhookEndpoint(endpoint, "acme", _sink.Url, [], _box.Seal(secret, "acme", endpoint)), 1, CancellationToken.None));
        await EndedJobs.SucceedAsync(_jobs, [.. Enumerable.Range(0, Events).Select(i => EndedJobs.Job(i.ToString(CultureInfo.InvariantCulture)))]);
        WebhookDelivery[] pending;
        while ((pending = [.. (await DeliveriesAsync(endpoint)).Where(delivery => delivery.State == DeliveryState.Pending)]).Length > 0)
        {
            TimeSpan wait = pending.Max(delivery => delivery.NextAt) - _time.GetUtcNow();
            _time.Advance(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
            Assert.True(await SendDueAsync() > 0, "nothing was due though something waits");
        }

        IReadOnlyList<WebhookDelivery> ended = await DeliveriesAsync(endpoint);
        ILookup<string, Received> byId = _sink.Requests.ToLookup(request => request.Headers["webhook-id"]);
        Assert.Equal(Events, ended.Count);
        Assert.All(ended, delivery => Assert.Equal(DeliveryState.Delivered, delivery.State));
        Assert.Equal(ended.Select(delivery => DeliveryRunner.EventId(delivery.Id)).Order(StringComparer.Ordinal), byId.Select(attempts => attempts.Key).Order(StringComparer.Ordinal));
        Assert.All(ended, delivery => Assert.Equal(delivery.Attempts, byId[DeliveryRunner.EventId(delivery.Id)].Count()));
        Assert.All(byId, attempts => Assert.Single(attempts.Select(request => Convert.ToHexString(request.Body)).Distinct()));
        Assert.Equal(Events, byId.Select(attempts => Convert.ToHexString(attempts.First().Body)).Distinct().Count());
        Assert.All(_sink.Requests, request => Assert.True(Receiver.Accepts(
            WebhookSecret.Text(secret), request.Headers["webhook-id"], request.Headers["webhook-timestamp"], request.Headers["webhook-signature"], request.Body, SentAt(request))));
        string[] accepted = [.. _answered.Where(answer => answer.Fault is Fault.None or Fault.Cut).Select(answer => answer.Id)];
        Assert.Equal((Events, Events), (accepted.Length, accepted.Distinct().Count()));

        Dictionary<Fault, int> seen = _answered.CountBy(answer => answer.Fault).ToDictionary();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"flaky sink: {_sink.Requests.Count} attempts for {Events} events, {string.Join(", ", seen.Select(fault => $"{fault.Key} {fault.Value}"))}"));
        Assert.Equal(_sink.Requests.Count, _answered.Count);
        Assert.InRange(seen[Fault.Status500], Events / 3, Events);
        Assert.All((Fault[])[Fault.Silence, Fault.Reset, Fault.Cut], fault => Assert.True(seen[fault] > Events / 25, $"{fault}: {seen[fault]}"));
    }

    private static DateTimeOffset SentAt(Received request) => DateTimeOffset.FromUnixTimeSeconds(long.Parse(request.Headers["webhook-timestamp"], CultureInfo.InvariantCulture));

    /// <summary>30 % say 500, 10 % nothing, 5 % reset, 5 % say 200 and are cut off. Of three thousand events one would fail ten times: the tenth attempt is spared.</summary>
    private static Fault[,] Draw(Random random)
    {
        Fault[,] faults = new Fault[Events, RetrySchedule.Attempts];
        for (int i = 0; i < Events; i++)
        {
            for (int attempt = 0; attempt < RetrySchedule.Attempts - 1; attempt++)
            {
                faults[i, attempt] = random.Next(100) switch { < 30 => Fault.Status500, < 40 => Fault.Silence, < 45 => Fault.Reset, < 50 => Fault.Cut, _ => Fault.None };
            }
        }
        return faults;
    }

    private async Task AnswerAsync(Received request, NetworkStream stream, CancellationToken token)
    {
        string id = request.Headers["webhook-id"];
        using JsonDocument body = JsonDocument.Parse(request.Body);
        int number = int.Parse(body.RootElement.GetProperty("data").GetProperty("custom_id").GetString()!, CultureInfo.InvariantCulture);
        int attempt = _attempts.AddOrUpdate(id, 0, (_, before) => before + 1);
        Fault fault = _faults[number, attempt];
        _answered.Add((id, fault));
        switch (fault)
        {
            case Fault.Silence:
                Interlocked.Increment(ref _silent);
                await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, token); // until the sender hangs up
                break;
            case Fault.Reset:
                stream.Socket.LingerState = new LingerOption(true, 0);
                stream.Socket.Dispose();
                break;
            case Fault.Cut:
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut"u8.ToArray(), token);
                break;
            default:
                await stream.WriteAsync(Encoding.ASCII.GetBytes(Sink.Answer(fault == Fault.Status500 ? 500 : 200)), token);
                break;
        }
    }

    /// <summary>Sends what is due; when all but those that nobody answers have ended, their time passes. Returns how many.</summary>
    private async Task<int> SendDueAsync()
    {
        WebhookRules rules = new(_options, new AddressPolicy(_options, loopback: true), _box);
        DeliveryRunner runner = new(
            _store, _client, rules, new WebhookSecrets(_store, _box), new SluiceMetrics(_services.GetRequiredService<IMeterFactory>()), Options.Create(_options), NullLogger<DeliveryRunner>.Instance);
        DeliveryClaim claim = new() { Most = AtOnce, PerTarget = AtOnce, Lease = _options.Lease };
        IReadOnlyList<DueDelivery> due = await _store.ClaimAsync(claim, new WebhookBody(Options.Create(_options)).Compose, CancellationToken.None);
        Volatile.Write(ref _silent, 0);
        Task[] sending = [.. due.Select(delivery => Task.Run(() => runner.RunAsync(delivery, CancellationToken.None)))];
        for (int i = 0; i < 6000 && sending.Count(task => task.IsCompleted) + Volatile.Read(ref _silent) < sending.Length; i++)
        {
            await Task.Delay(10);
        }
        _time.Advance(_options.Timeout);
        await Task.WhenAll(sending).WaitAsync(TimeSpan.FromSeconds(60));
        return due.Count;
    }

    private Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(Guid endpoint) => _store.DeliveriesAsync("acme", endpoint, Events + 1, CancellationToken.None);
}
