using System.Net;
using System.Net.Sockets;

namespace Sluice.Integration.Tests.Queue;

/// <summary>Stands between the service and a server; while it is down, connections break and new ones are refused.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly string _host;
    private readonly int _port;
    private readonly int _own;

    /// <summary>Bound and never listening: the port stays this proxy's while it is down, and refuses.</summary>
    private readonly Socket _kept = Bind(0);
    private CancellationTokenSource _up = new();
    private Task _accepting = Task.CompletedTask;

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
                await Task.WhenAny(client.CopyToAsync(server.GetStream(), up), server.GetStream().CopyToAsync(client, up));
            }
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // one side is gone: so is the other
        }
    }
}
