using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Tests.Webhooks;

/// <summary>What came to a sink: one request as its bytes say.</summary>
internal sealed record Received(string Line, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>A receiver on loopback that speaks raw HTTP, so that it can misbehave. Counts every connection.</summary>
internal sealed class Sink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<Received, NetworkStream, CancellationToken, Task> _answer;
    private readonly Task _accepting;
    private int _connections;

    private Sink(Func<Received, NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;
    public string Url => $"http://127.0.0.1:{Port}/hook";
    public int Connections => Volatile.Read(ref _connections);
    public ConcurrentQueue<Received> Requests { get; } = [];

    /// <summary>Does as it likes after the request was read; the connection is closed when it returns.</summary>
    public static Sink That(Func<Received, NetworkStream, CancellationToken, Task> answer) => new(answer);

    public static Sink Says(string response) => That((_, stream, token) => stream.WriteAsync(Encoding.ASCII.GetBytes(response), token).AsTask());

    public static Sink Status(int status, string headers = "") => Says(Answer(status, headers));

    public static string Answer(int status, string headers = "") => $"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n";

    /// <summary>The first request that comes, within a while.</summary>
    public async Task<Received> FirstAsync()
    {
        for (int i = 0; i < 600 && Requests.IsEmpty; i++)
        {
            await Task.Delay(50);
        }
        return Requests.TryPeek(out Received? first) ? first : throw new TimeoutException("Nothing came to the sink within 30 s.");
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                Interlocked.Increment(ref _connections);
                serving.Add(ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient connection = client;
        try
        {
            NetworkStream stream = connection.GetStream();
            if (await ReadAsync(stream, _stopping.Token) is { } received)
            {
                Requests.Enqueue(received);
                await _answer(received, stream, _stopping.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // The sender went away, or the test is over.
        }
    }

    /// <summary>One request; null where the sender hung up before its end.</summary>
    public static async Task<Received?> ReadAsync(Stream stream, CancellationToken token)
    {
        List<byte> head = [];
        byte[] one = new byte[1];
        while (!(head.Count >= 4 && head[^4..].SequenceEqual("\r\n\r\n"u8.ToArray())))
        {
            if (await stream.ReadAsync(one, token) == 0)
            {
                return null;
            }
            head.Add(one[0]);
        }
        string[] lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        byte[] body = new byte[int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, token);
        return new Received(lines[0], headers, body);
    }
}
