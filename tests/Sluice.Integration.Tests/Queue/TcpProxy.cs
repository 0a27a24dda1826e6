using System.Net;
using System.Net.Sockets;

namespace Sluice.Integration.Tests.Queue;

/// <summary>Stands between the service and a server; while it is down, connections break and new ones are refused.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly string _host;
    private readonly int _port;
    private readonly int _own;
    private CancellationTokenSource _up = new();
    private Task _accepting = Task.CompletedTask;

    public TcpProxy(string host, int port)
    {
        (_host, _port) = (host, port);
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        _own = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        Up();
    }

    public int Port => _own;

    public void Up()
    {
        _up = new CancellationTokenSource();
        TcpListener listener = new(IPAddress.Loopback, _own);
        listener.Start();
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
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken up)
    {
        List<Task> open = [];
        try
        {
            while (true)
            {
                open.Add(CarryAsync(await listener.AcceptTcpClientAsync(up), up));
            }
        }
        catch (OperationCanceledException)
        {
            listener.Stop();
        }
        await Task.WhenAll(open);
    }

    private async Task CarryAsync(TcpClient client, CancellationToken up)
    {
        try
        {
            using (client)
            using (TcpClient server = new())
            {
                await server.ConnectAsync(_host, _port, up);
                await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream(), up), server.GetStream().CopyToAsync(client.GetStream(), up));
            }
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // one side is gone: so is the other
        }
    }
}
