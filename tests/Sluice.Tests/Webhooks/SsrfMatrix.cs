using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Sluice.Service.Webhooks;

namespace Sluice.Tests.Webhooks;

/// <summary>Sends as the product does, or as a broken one would: the way names are looked up and connections are opened is the matrix's.</summary>
internal delegate Func<Uri, Task<AttemptResult>> MakeSender(ResolveHost resolve, OpenConnection open);

/// <summary>
/// Every vector by every route. Where a connection is opened at all, it lands in the sink (for the one public address) or in the trap (for any other). Returns how many were tried and what
/// was wrong, one sentence each.
/// </summary>
internal sealed class SsrfMatrix : IAsyncDisposable
{
    public const string Public = "93.184.216.34";

    private readonly MakeSender _make;
    private readonly ConcurrentQueue<IPEndPoint> _dialled = [];
    private readonly Sink _trap = Sink.Status(200);
    private readonly Sink _sink;
    private string _location = "";

    public SsrfMatrix(MakeSender make)
    {
        _make = make;
        _sink = Sink.That((_, stream, token) => stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(
            Sink.Answer(_location.Length > 0 ? 307 : 500, _location.Length > 0 ? $"Location: {_location}\r\n" : "")), token).AsTask());
    }

    /// <summary>Connections that came to the trap.</summary>
    public int Trapped => _trap.Connections;

    /// <summary>The product's own sender. Ports and plain http are open, so that the address alone decides.</summary>
    public static Func<Uri, Task<AttemptResult>> Product(ResolveHost resolve, OpenConnection open)
    {
        WebhookClient client = new(new GuardedDialer(Policy(), resolve, open), TimeSpan.FromSeconds(10), TimeProvider.System);
        return url => client.SendAsync(url, "evt_1", "{}"u8.ToArray(), [[1]], CancellationToken.None);
    }

    public static AddressPolicy Policy() => new(new WebhookOptions { AllowHttp = true, AllowAnyPort = true }, loopback: false);

    public async ValueTask DisposeAsync()
    {
        await _trap.DisposeAsync();
        await _sink.DisposeAsync();
    }

    /// <summary>An address in the URL.</summary>
    public async Task<(int Tried, List<string> Breaches)> UrlsAsync()
    {
        Func<Uri, Task<AttemptResult>> send = _make((_, _) => throw new SocketException((int)SocketError.HostNotFound), OpenAsync);
        List<string> breaches = [];
        string[] urls = [.. Urls()];
        foreach (string url in urls)
        {
            await ExpectAsync(send, url, AttemptErrors.BlockedAddress, breaches);
        }
        return (urls.Length, breaches);
    }

    /// <summary>A name that resolves there, alone or among public answers.</summary>
    public async Task<(int Tried, List<string> Breaches)> NamesAsync()
    {
        IPAddress[] answers = [];
        int tried = 0;
        Func<Uri, Task<AttemptResult>> send = _make((_, _) => Task.FromResult(answers), OpenAsync);
        List<string> breaches = [];
        foreach (IPAddress vector in Vectors())
        {
            foreach (IPAddress[] given in new[] { [vector], [IPAddress.Parse(Public), vector], new[] { vector, IPAddress.Parse(Public) } })
            {
                answers = given;
                await ExpectAsync(send, $"http://h{tried++}.example/", AttemptErrors.BlockedAddress, breaches, string.Join(", ", given.AsEnumerable()));
            }
        }
        return (tried, breaches);
    }

    /// <summary>A public receiver that redirects there.</summary>
    public async Task<(int Tried, List<string> Breaches)> RedirectsAsync()
    {
        Func<Uri, Task<AttemptResult>> send = _make((_, _) => Task.FromResult(new[] { IPAddress.Parse(Public) }), OpenAsync);
        List<string> breaches = [];
        string[] urls = [.. Urls(), .. AddressVectors.Spellings.Where(host => host.All(char.IsAscii)).Select(host => $"http://{host}/")];
        foreach (string url in urls)
        {
            _location = url;
            await ExpectAsync(send, "http://hooks.example/", AttemptErrors.Redirect, breaches, url);
        }
        _location = "";
        if (_sink.Requests.Count != urls.Length)
        {
            breaches.Add($"{_sink.Requests.Count} requests for {urls.Length} attempts");
        }
        return (urls.Length, breaches);
    }

    /// <summary>A name that is public when it is looked up first and leads there afterwards: within one attempt, and from one to the next.</summary>
    public async Task<(int Tried, List<string> Breaches)> RebindingAsync()
    {
        int lookUps = 0, tried = 0;
        IPAddress second = IPAddress.None;
        Func<Uri, Task<AttemptResult>> send = _make((_, _) => Task.FromResult(new[] { lookUps++ % 2 == 0 ? IPAddress.Parse(Public) : second }), OpenAsync);
        List<string> breaches = [];
        foreach (IPAddress vector in Vectors())
        {
            (second, lookUps) = (vector, 0);
            string url = $"http://h{tried++}.example/";
            await ExpectAsync(send, url, AttemptErrors.HttpStatus, breaches, $"{vector} at the second look");
            await ExpectAsync(send, url, AttemptErrors.BlockedAddress, breaches, $"{vector} at the second attempt");
            if (lookUps != 2)
            {
                breaches.Add($"{lookUps} look-ups for two attempts");
            }
        }
        return (tried, breaches);
    }

    private static IEnumerable<IPAddress> Vectors() => AddressVectors.Denied.Select(IPAddress.Parse);

    private IEnumerable<string> Urls() => AddressVectors.Denied.Select(text => text.Contains(':', StringComparison.Ordinal)
        ? $"http://[{text.Replace("%", "%25", StringComparison.Ordinal)}]:{_trap.Port}/"
        : $"http://{text}:{_trap.Port}/");

    private async Task ExpectAsync(Func<Uri, Task<AttemptResult>> send, string url, string error, List<string> breaches, string? what = null)
    {
        int trapped = Trapped;
        AttemptResult result = await send(new Uri(url));
        if (result.Error != error || Trapped != trapped || _dialled.Any(address => address.Address.ToString() != Public))
        {
            breaches.Add($"{url} ({what}): {result}, {Trapped - trapped} connections to the trap");
        }
        _dialled.Clear();
    }

    private async Task<Stream> OpenAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        _dialled.Enqueue(address);
        TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, address.Address.ToString() == Public ? _sink.Port : _trap.Port, cancellationToken);
        return client.GetStream();
    }
}
