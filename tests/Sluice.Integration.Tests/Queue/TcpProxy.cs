using System.Net;
using System.Net.Sockets;

namespace Sluice.Integration.Tests.Queue;

/// <summary>
/// Stands between the service and a server. While it is down, connections break and new ones are refused; while it is silent, they stay open, new ones are taken, and
/// what is sent on them is gone for good: a connection that has lost something carries nothing any more.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly string _host;
    private readonly int _port;
    private readonly int _own;

    /// <summary>Bound and never listening: the port stays this proxy's while it is down, and refuses.</summary>
    private readonly Socket _kept = Bind(0);
    private CancellationTokenSource _up = new();
    private Task _accepting = Task.CompletedTask;
    private volatile bool _silent;

    public TcpProxy(string host, int port)
    {
        (_host, _port) = (host, port);
        _own = ((IPEndPoint)_kept.LocalEndPoint!).Port;
        Up();
    }

    public int Port => _own;

    public void Up()
    {
        _up = new CancellationTokenSource();
        Socket listener = Bind(_own);
        listener.Listen();
        _accepting = AcceptAsync(listener, _up.Token);
    }

    public async Task DownAsync()
    {
        await _up.CancelAsync();
        await _accepting;
    }

    public void Silence() => _silent = true;

    public void Speak() => _silent = false;

    public async ValueTask DisposeAsync()
    {
        await DownAsync();
        _up.Dispose();
        _kept.Dispose();
    }

    /// <summary>Several may be bound to one port; only those that listen are given connections.</summary>
    private static Socket Bind(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private async Task AcceptAsync(Socket listener, CancellationToken up)
    {
        List<Task> open = [];
        try
        {
            while (true)
            {
                open.Add(CarryAsync(await listener.AcceptAsync(up), up));
            }
        }
        catch (OperationCanceledException)
        {
            listener.Dispose();
        }
        await Task.WhenAll(open);
    }

    private async Task CarryAsync(Socket socket, CancellationToken up)
    {
        try
        {
            using (NetworkStream client = new(socket, ownsSocket: true))
            using (TcpClient server = new())
            {
                await server.ConnectAsync(_host, _port, up);
                Line line = new();
                await Task.WhenAny(PumpAsync(client, server.GetStream(), line, up), PumpAsync(server.GetStream(), client, line, up));
            }
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // one side is gone: so is the other
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, Line line, CancellationToken up)
    {
        byte[] buffer = new byte[64 << 10];
        while (await from.ReadAsync(buffer, up) is > 0 and int read)
        {
            line.Dead |= _silent;
            if (!line.Dead)
            {
                await to.WriteAsync(buffer.AsMemory(0, read), up);
            }
        }
    }

    private sealed class Line
    {
        public volatile bool Dead;
    }
}
