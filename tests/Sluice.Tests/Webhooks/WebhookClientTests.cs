using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sluice.Service.Webhooks;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>Receivers that do not behave.</summary>
public sealed class WebhookClientTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(200, null)]
    [InlineData(204, null)]
    [InlineData(299, null)]
    [InlineData(301, AttemptErrors.Redirect)]
    [InlineData(304, AttemptErrors.Redirect)]
    [InlineData(400, AttemptErrors.HttpStatus)]
    [InlineData(410, AttemptErrors.HttpStatus)]
    [InlineData(503, AttemptErrors.HttpStatus)]
    public async Task Only_2xx_is_success(int status, string? error)
    {
        await using Sink sink = Sink.Status(status);
        Assert.Equal(new AttemptResult(status, error), await SendAsync(sink.Url));
        Received got = await sink.FirstAsync();
        Assert.Equal("POST /hook HTTP/1.1", got.Line);
        Assert.Equal(["Content-Length", "Content-Type", "Host", "User-Agent", "webhook-id", "webhook-signature", "webhook-timestamp"], got.Headers.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Retry-After: 120\r\n", 120)]
    [InlineData("Retry-After: Wed, 31 Dec 2098 23:59:59 GMT\r\n", 80_000_000)]
    [InlineData("Retry-After: soon\r\n", null)]
    public async Task What_the_receiver_asks_for_is_heard(string header, int? atLeast)
    {
        await using Sink sink = Sink.Status(429, header);
        AttemptResult result = await SendAsync(sink.Url);
        Assert.Equal(429, result.Status);
        Assert.Equal(atLeast is null, result.RetryAfter is null);
        Assert.True(atLeast is null || result.RetryAfter >= TimeSpan.FromSeconds(atLeast.Value));
    }

    [Fact]
    public async Task An_endless_body_is_left_after_16_kB()
    {
        long sent = 0;
        await using Sink sink = Sink.That(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n"u8.ToArray(), token);
            byte[] chunk = new byte[4096];
            while (true)
            {
                await stream.WriteAsync(chunk, token);
                Interlocked.Add(ref sent, chunk.Length);
            }
        });
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(new AttemptResult(200, null), await SendAsync(sink.Url));
        Assert.True(Stopwatch.GetElapsedTime(start) < s_limit, $"{Stopwatch.GetElapsedTime(start)}");
        // What the sockets' buffers took in, and no more: so nothing else can be kept in memory.
        Assert.True(Interlocked.Read(ref sent) < 32_000_000, $"{sent} bytes were taken.");
    }

    [Fact]
    public async Task A_body_of_one_byte_a_second_does_not_hold_the_sender()
    {
        await using Sink sink = Sink.That(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"u8.ToArray(), token);
            while (true)
            {
                await stream.WriteAsync("x"u8.ToArray(), token);
                await Task.Delay(1000, token);
            }
        });
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(new AttemptResult(200, null), await SendAsync(sink.Url));
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task A_body_that_breaks_off_after_its_status_was_a_delivery()
    {
        await using Sink sink = Sink.Says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut");
        Assert.Equal(new AttemptResult(200, null), await SendAsync(sink.Url));
    }

    [Fact]
    public async Task A_compressed_body_is_not_unpacked_and_a_cookie_is_not_kept()
    {
        await using Sink sink = Sink.Says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope");
        using WebhookClient client = Client();
        Assert.Null((await SendAsync(client, sink.Url)).Error);
        Assert.Null((await SendAsync(client, sink.Url)).Error);
        Assert.All(sink.Requests, request => Assert.False(request.Headers.ContainsKey("Cookie") || request.Headers.ContainsKey("Accept-Encoding")));
    }

    [Fact]
    public async Task Headers_without_end_are_a_bad_response()
    {
        await using Sink sink = Sink.Says($"HTTP/1.1 200 OK\r\nX-Big: {new string('x', 1 << 20)}\r\n\r\n");
        Assert.Equal(new AttemptResult(null, AttemptErrors.BadResponse), await SendAsync(sink.Url));
    }

    [Theory]
    [InlineData("220 smtp.example.org ESMTP\r\n")]
    [InlineData("")]
    [InlineData("HTTP/1.1 banana\r\n\r\n")]
    public async Task What_is_no_http_is_a_bad_response(string says)
    {
        await using Sink sink = Sink.Says(says);
        Assert.Equal(AttemptErrors.BadResponse, (await SendAsync(sink.Url)).Error);
    }

    [Fact]
    public async Task A_receiver_that_hangs_is_a_timeout_within_the_limit()
    {
        await using Sink sink = Sink.That((_, _, token) => Task.Delay(Timeout.Infinite, token));
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(new AttemptResult(null, AttemptErrors.Timeout), await SendAsync(sink.Url));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1.9, 10);
    }

    [Fact]
    public async Task Nobody_there_and_no_such_name_are_told_apart()
    {
        Sink sink = Sink.Status(200);
        string url = sink.Url;
        await sink.DisposeAsync();
        Assert.Equal(AttemptErrors.ConnectFailed, (await SendAsync(url)).Error);
        using WebhookClient client = new(
            new GuardedDialer(Policy(), (_, _) => Task.FromException<IPAddress[]>(new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound)), (_, _) => throw new InvalidOperationException()),
            s_limit, TimeProvider.System);
        Assert.Equal(AttemptErrors.NoSuchHost, (await SendAsync(client, "http://nowhere.example/")).Error);
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=wrong.example", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        System.Net.Sockets.TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = Task.Run(async () =>
        {
            using System.Net.Sockets.TcpClient connection = await listener.AcceptTcpClientAsync();
            await using SslStream tls = new(connection.GetStream());
            try
            {
                await tls.AuthenticateAsServerAsync(certificate);
                await tls.ReadExactlyAsync(new byte[1]);
            }
            catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
            {
                // The sender hung up.
            }
        });
        Assert.Equal(new AttemptResult(null, AttemptErrors.TlsFailed), await SendAsync($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/"));
        listener.Stop();
        await serving;
    }

    private static AddressPolicy Policy() => new(new WebhookOptions { AllowAnyPort = true, AllowHttp = true }, loopback: true);

    private static WebhookClient Client() => new(GuardedDialer.Over(Policy()), s_limit, TimeProvider.System);

    private static Task<AttemptResult> SendAsync(WebhookClient client, string url) =>
        client.SendAsync(new Uri(url), "evt_1", Encoding.UTF8.GetBytes("{}"), [[1]], CancellationToken.None);

    private static async Task<AttemptResult> SendAsync(string url)
    {
        using WebhookClient client = Client();
        return await SendAsync(client, url);
    }
}
