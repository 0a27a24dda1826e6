using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Integration.Tests.Store;

/// <summary>
/// Stands between the store and Postgres and puts another text in the place of one statement, wherever it is sent to be parsed: the SQL of the product is broken, with no
/// switch for that in the product. Reads the client's messages (protocol 3, without TLS); the server's pass as they are.
/// </summary>
internal sealed class StatementProxy : IAsyncDisposable
{
    private const byte Parse = (byte)'P';
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly string _host;
    private readonly int _port;
    private readonly byte[] _statement;
    private readonly byte[] _instead;
    private readonly Task _accepting;
    private int _replaced;

    public StatementProxy(string host, int port, string statement, string instead)
    {
        (_host, _port, _statement, _instead) = (host, port, Encoding.UTF8.GetBytes(statement), Encoding.UTF8.GetBytes(instead));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How often the statement came by.</summary>
    public int Replaced => Volatile.Read(ref _replaced);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _accepting;
        _listener.Stop();
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> open = [];
        try
        {
            while (true)
            {
                open.Add(CarryAsync(await _listener.AcceptTcpClientAsync(_closing.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task CarryAsync(TcpClient accepted)
    {
        try
        {
            using TcpClient client = accepted;
            using TcpClient server = new();
            (client.NoDelay, server.NoDelay) = (true, true);
            await server.ConnectAsync(_host, _port, _closing.Token);
            await Task.WhenAny(ForwardAsync(client.GetStream(), server.GetStream()), server.GetStream().CopyToAsync(client.GetStream(), _closing.Token));
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // one side is gone: so is the other
        }
    }

    /// <summary>A message is a type of 1 byte, a length of 4 that counts itself, and a body. Those before the start of the session, and that itself, have no type.</summary>
    private async Task ForwardAsync(NetworkStream client, NetworkStream server)
    {
        byte[] type = [], length = new byte[4];
        while (true)
        {
            await client.ReadExactlyAsync(type, _closing.Token);
            await client.ReadExactlyAsync(length, _closing.Token);
            byte[] body = new byte[BinaryPrimitives.ReadInt32BigEndian(length) - length.Length];
            await client.ReadExactlyAsync(body, _closing.Token);
            bool starts = type.Length == 0 && BinaryPrimitives.ReadInt32BigEndian(body) >> 16 == 3;
            await server.WriteAsync(Message(type, type.Length > 0 && type[0] == Parse ? Replace(body) : body), _closing.Token);
            if (starts)
            {
                type = new byte[1];
            }
        }
    }

    private byte[] Replace(byte[] body)
    {
        int at = body.AsSpan().IndexOf(_statement);
        if (at < 0)
        {
            return body;
        }
        Interlocked.Increment(ref _replaced);
        return [.. body.AsSpan(0, at), .. _instead, .. body.AsSpan(at + _statement.Length)];
    }

    private static byte[] Message(byte[] type, byte[] body)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, length.Length + body.Length);
        return [.. type, .. length, .. body];
    }
}
