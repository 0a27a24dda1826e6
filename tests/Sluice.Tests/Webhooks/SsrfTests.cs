using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Sluice.Service.Webhooks;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>
/// Every vector by every route. Where a connection is opened at all, it lands in the sink (for the one public address) or in the trap (for any other),
/// which must stay empty. Ports and plain http are open, so that the address alone decides.
/// </summary>
public sealed class SsrfTests : IAsyncLifetime
{
    private const string Public = "93.184.216.34";
    private readonly ConcurrentQueue<IPEndPoint> _dialled = [];
    private Sink _trap = null!;
    private Sink _sink = null!;

    private string _location = "";

    public ValueTask InitializeAsync()
    {
        _trap = Sink.Status(200);
        _sink = Sink.That((_, stream, token) => stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(
            Sink.Answer(_location.Length > 0 ? 307 : 500, _location.Length > 0 ? $"Location: {_location}\r\n" : "")), token).AsTask());
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _trap.DisposeAsync();
        await _sink.DisposeAsync();
    }

    [Fact]
    public async Task An_address_in_the_url_is_not_dialled()
    {
        using WebhookClient client = Client((_, _) => throw new SocketException((int)SocketError.HostNotFound));
        int tried = 0;
        foreach (string url in Urls())
        {
            tried++;
            Assert.Equal((url, AttemptErrors.BlockedAddress), (url, (await SendAsync(client, url)).Error));
        }
        Assert.True(tried >= 120, $"Only {tried} vectors.");
        Untouched();
    }

    [Fact]
    public async Task A_spelling_that_a_resolver_takes_for_an_address_is_not_dialled()
    {
        // What is not an address to the platform goes to a resolver that reads it as this machine.
        using WebhookClient client = Client((_, _) => Task.FromResult(new[] { IPAddress.Loopback }));
        foreach (string host in AddressVectors.Spellings)
        {
            if (Uri.TryCreate($"http://{host}:{_trap.Port}/", UriKind.Absolute, out Uri? url))
            {
                AttemptResult result = await client.SendAsync(url, "evt_1", "{}"u8.ToArray(), [[1]], CancellationToken.None);
                Assert.Equal((host, AttemptErrors.BlockedAddress), (host, result.Error));
            }
        }
        Untouched();
    }

    [Fact]
    public async Task A_name_that_resolves_there_is_not_dialled_alone_or_among_public_answers()
    {
        IPAddress[] answers = [];
        int n = 0;
        using WebhookClient client = Client((_, _) => Task.FromResult(answers));
        foreach (IPAddress vector in Vectors())
        {
            foreach (IPAddress[] given in new[] { [vector], [IPAddress.Parse(Public), vector], new[] { vector, IPAddress.Parse(Public) } })
            {
                answers = given;
                Assert.Equal((vector.ToString(), AttemptErrors.BlockedAddress), (vector.ToString(), (await SendAsync(client, $"http://h{n++}.example/")).Error));
            }
        }
        Assert.True(n >= 360, $"Only {n} attempts.");
        Untouched();
    }

    [Fact]
    public async Task A_redirect_there_is_not_followed()
    {
        int n = 0;
        using WebhookClient client = Client((_, _) => Task.FromResult(new[] { IPAddress.Parse(Public) }));
        foreach (string url in Urls().Concat(AddressVectors.Spellings.Where(host => host.All(char.IsAscii)).Select(host => $"http://{host}/")))
        {
            _location = url;
            Assert.Equal(new AttemptResult(307, AttemptErrors.Redirect), await SendAsync(client, "http://hooks.example/"));
            n++;
        }
        Assert.True(n >= 120);
        Assert.Equal(n, _sink.Requests.Count);
        Assert.Equal(0, _trap.Connections);
        Assert.All(_dialled, address => Assert.Equal(Public, address.Address.ToString()));
    }

    [Fact]
    public async Task A_name_that_is_public_at_first_and_then_leads_there_is_not_dialled_again()
    {
        int lookUps = 0, n = 0;
        IPAddress second = IPAddress.None;
        using WebhookClient client = Client((_, _) => Task.FromResult(new[] { lookUps++ % 2 == 0 ? IPAddress.Parse(Public) : second }));
        foreach (IPAddress vector in Vectors())
        {
            second = vector;
            string url = $"http://h{n++}.example/";
            Assert.Equal(500, (await SendAsync(client, url)).Status);
            Assert.Equal((vector.ToString(), AttemptErrors.BlockedAddress), (vector.ToString(), (await SendAsync(client, url)).Error));
        }
        Assert.True(n >= 120);
        // One look-up for each connection: none between check and use.
        Assert.Equal(2 * n, lookUps);
        Assert.Equal(n, _sink.Connections);
        Assert.Equal(0, _trap.Connections);
    }

    [Fact]
    public async Task The_real_dialer_does_not_reach_this_machine_whatever_it_is_called()
    {
        using WebhookClient client = new(GuardedDialer.Over(Policy()), TimeSpan.FromSeconds(10), TimeProvider.System);
        foreach (string host in new[] { "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1", Dns.GetHostName() })
        {
            AttemptResult result = await SendAsync(client, $"http://{host}:{_trap.Port}/");
            Assert.True(result.Error is AttemptErrors.BlockedAddress or AttemptErrors.NoSuchHost, $"{host}: {result}");
        }
        Assert.Equal(0, _trap.Connections);
    }

    private static IEnumerable<IPAddress> Vectors() => AddressVectors.Denied.Select(IPAddress.Parse);

    private IEnumerable<string> Urls() => AddressVectors.Denied.Select(text => text.Contains(':', StringComparison.Ordinal)
        ? $"http://[{text.Replace("%", "%25", StringComparison.Ordinal)}]:{_trap.Port}/"
        : $"http://{text}:{_trap.Port}/");

    private static AddressPolicy Policy() => new(new WebhookOptions { AllowHttp = true, AllowAnyPort = true }, loopback: false);

    private WebhookClient Client(ResolveHost resolve) => new(new GuardedDialer(Policy(), resolve, OpenAsync), TimeSpan.FromSeconds(10), TimeProvider.System);

    private static Task<AttemptResult> SendAsync(WebhookClient client, string url) => client.SendAsync(new Uri(url), "evt_1", "{}"u8.ToArray(), [[1]], CancellationToken.None);

    private async Task<Stream> OpenAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        _dialled.Enqueue(address);
        TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, address.Address.ToString() == Public ? _sink.Port : _trap.Port, cancellationToken);
        return client.GetStream();
    }

    private void Untouched()
    {
        Assert.Empty(_dialled);
        Assert.Equal(0, _trap.Connections);
    }
}
