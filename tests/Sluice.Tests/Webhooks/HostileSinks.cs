using System.Globalization;
using System.Text;
using Sluice.Service.Webhooks;

namespace Sluice.Tests.Webhooks;

/// <summary>One way to misbehave.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Error">What its owner is told; null where its status was a success before it misbehaved.</param>
/// <param name="Serve">Serves a connection whose request has not been read; it is closed when this returns.</param>
internal sealed record HostileSink(string Name, string? Error, Func<Stream, CancellationToken, Task> Serve)
{
    /// <summary>With: speaks TLS as this one.</summary>
    public ServerIdentity? Identity { get; init; }

    /// <summary>Whether the connection is left in the listener's queue, never accepted.</summary>
    public bool NeverAccepts { get; init; }

    /// <summary>Whether the connection ends with a reset.</summary>
    public bool Resets { get; init; }

    public override string ToString() => Name;
}

/// <summary>The catalogue of receivers that mean harm, or are broken as badly as if they did.</summary>
internal static class HostileSinks
{
    private const string Metadata = "http://169.254.169.254/latest/meta-data/";

    private static readonly byte[] s_filler = [.. Enumerable.Repeat((byte)'x', 16 * 1024)];

    public static IEnumerable<HostileSink> Plain()
    {
        yield return Sends("endless body", null, "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", s_filler, pause: null);
        yield return Sends("endless chunks", null, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", [.. "400\r\n"u8, .. s_filler.AsSpan(0, 1024), .. "\r\n"u8], pause: null);
        yield return Sends("endless chunk extension", null, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", s_filler, pause: null);
        yield return Sends("endless trailers", null, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X-More: 1\r\n"u8.ToArray(), pause: null);
        yield return Sends("body of one byte a second", null, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "x"u8.ToArray(), TimeSpan.FromSeconds(1));
        yield return Sends("body that stalls", null, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", [], Timeout.InfiniteTimeSpan);
        yield return Says("body that breaks off", null, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut");
        yield return Says("body that ends in a reset", null, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut") with { Resets = true };
        yield return Says("body longer than it says", null, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nmuch more than two bytes");
        yield return Says("compressed bomb", null, $"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {Bomb.Length}\r\n\r\n", Bomb);
        yield return Says("two lengths", null, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 500\r\n\r\nhello");
        yield return Says("negative length", null, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");
        yield return Says("length beyond a long", null, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n");

        yield return Says("header of a megabyte", AttemptErrors.BadResponse, $"HTTP/1.1 200 OK\r\nX-Big: {new string('x', 1 << 20)}\r\n\r\n");
        yield return Sends("headers without end", AttemptErrors.BadResponse, "HTTP/1.1 200 OK\r\n", "X-More: 1\r\n"u8.ToArray(), pause: null);
        yield return Sends("headers of one a second", AttemptErrors.Timeout, "HTTP/1.1 200 OK\r\n", "X-More: 1\r\n"u8.ToArray(), TimeSpan.FromSeconds(1));
        yield return Sends("reason phrase without end", AttemptErrors.BadResponse, "HTTP/1.1 200 ", s_filler, pause: null);
        yield return Sends("status line of one byte a second", AttemptErrors.Timeout, "HTTP/1.1 20", "0"u8.ToArray(), TimeSpan.FromSeconds(1));

        yield return Sends("100 continue without end", AttemptErrors.BadResponse, "", "HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), pause: null);
        yield return Sends("100 continue once a second", AttemptErrors.Timeout, "", "HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), TimeSpan.FromSeconds(1));
        yield return Sends("early hints without end", AttemptErrors.BadResponse, "", "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"u8.ToArray(), pause: null);
        yield return Says("another protocol", AttemptErrors.HttpStatus, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");

        yield return Sends("silence", AttemptErrors.Timeout, "", [], Timeout.InfiniteTimeSpan);
        yield return new HostileSink("never accepted", AttemptErrors.Timeout, (_, _) => Task.CompletedTask) { NeverAccepts = true };
        yield return new HostileSink("accepted after ten seconds, then closed", AttemptErrors.BadResponse, (_, token) => Task.Delay(TimeSpan.FromSeconds(10), token));
        yield return new HostileSink("closed at once", AttemptErrors.BadResponse, (_, _) => Task.CompletedTask);
        yield return new HostileSink("reset at once", AttemptErrors.BadResponse, (_, _) => Task.CompletedTask) { Resets = true };
        yield return Says("reset after the request", AttemptErrors.BadResponse, "") with { Resets = true };
        yield return Says("another tongue", AttemptErrors.BadResponse, "SSH-2.0-OpenSSH_9.2\r\n");
        yield return Says("no version", AttemptErrors.BadResponse, "200 OK\r\n\r\n");

        foreach (int status in new[] { 300, 301, 302, 303, 307, 308 })
        {
            yield return Says(string.Create(CultureInfo.InvariantCulture, $"redirect {status}"), AttemptErrors.Redirect, Sink.Answer(status, $"Location: {Metadata}\r\n"));
        }
    }

    /// <param name="authority">Trusted by the sender: only what is wrong with a certificate itself is wrong.</param>
    public static IEnumerable<HostileSink> Tls(CertificateAuthority authority)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        HostileSink well = Says("a certificate that is right", null, Sink.Answer(204));
        yield return well with { Identity = authority.Issue("localhost") };
        HostileSink refused = well with { Error = AttemptErrors.TlsFailed };
        yield return refused with { Name = "a certificate of nobody", Identity = ServerIdentity.SelfSigned("localhost") };
        yield return refused with { Name = "a certificate of another name", Identity = authority.Issue("other.example") };
        yield return refused with { Name = "an expired certificate", Identity = authority.Issue("localhost", now.AddDays(-20), now.AddDays(-1)) };
        yield return refused with { Name = "a certificate of tomorrow", Identity = authority.Issue("localhost", now.AddDays(1), now.AddDays(9)) };
        yield return refused with { Name = "a certificate of an authority that nobody trusts", Identity = new CertificateAuthority().Issue("localhost") };
        yield return new HostileSink("plain text where TLS is due", AttemptErrors.TlsFailed, (stream, token) => WriteAsync(stream, Sink.Answer(200), token)) { Identity = ServerIdentity.None };
        yield return new HostileSink("a handshake that stalls", AttemptErrors.Timeout, (_, token) => Task.Delay(Timeout.Infinite, token)) { Identity = ServerIdentity.None };
        yield return new HostileSink("a reset in the handshake", AttemptErrors.TlsFailed, (stream, token) => stream.ReadExactlyAsync(new byte[5], token).AsTask()) { Identity = ServerIdentity.None, Resets = true };
        yield return Sends("an endless body under TLS", null, "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", s_filler, pause: null) with { Identity = authority.Issue("localhost") };
    }

    /// <summary>Ten thousand kilobytes of nothing, packed.</summary>
    private static byte[] Bomb { get; } = Pack();

    private static byte[] Pack()
    {
        using MemoryStream packed = new();
        using (System.IO.Compression.GZipStream zip = new(packed, System.IO.Compression.CompressionLevel.SmallestSize))
        {
            byte[] nothing = new byte[1 << 20];
            for (int i = 0; i < 10; i++)
            {
                zip.Write(nothing);
            }
        }
        return packed.ToArray();
    }

    private static HostileSink Says(string name, string? error, string response, byte[]? body = null) => new(name, error, async (stream, token) =>
    {
        await Sink.ReadAsync(stream, token);
        await WriteAsync(stream, response, token);
        await stream.WriteAsync(body ?? [], token);
    });

    /// <summary>The beginning, then the rest again and again, with a pause or as fast as it goes.</summary>
    private static HostileSink Sends(string name, string? error, string beginning, byte[] rest, TimeSpan? pause) => new(name, error, async (stream, token) =>
    {
        await Sink.ReadAsync(stream, token);
        await WriteAsync(stream, beginning, token);
        while (true)
        {
            await stream.WriteAsync(rest, token);
            if (pause is { } time)
            {
                await Task.Delay(time, token);
            }
        }
    });

    private static Task WriteAsync(Stream stream, string text, CancellationToken token) => stream.WriteAsync(Encoding.ASCII.GetBytes(text), token).AsTask();
}
