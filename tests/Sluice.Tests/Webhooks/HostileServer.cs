using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Sluice.Tests.Webhooks;

/// <summary>A hostile sink on a loopback port, for as many connections as come. Counts them.</summary>
internal sealed class HostileServer : IAsyncDisposable
{
    private readonly HostileSink _sink;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private int _connections;

    public HostileServer(HostileSink sink)
    {
        _sink = sink;
        _listener.Start();
        _accepting = sink.NeverAccepts ? Task.CompletedTask : AcceptAsync();
    }

    public HostileSink Sink => _sink;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => _sink.Identity is null ? $"http://127.0.0.1:{Port}/hook" : $"https://localhost:{Port}/hook";

    public int Connections => Volatile.Read(ref _connections);

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
                Socket socket = await _listener.AcceptSocketAsync(_stopping.Token);
                Interlocked.Increment(ref _connections);
                serving.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using Socket connection = socket;
        try
        {
            await using NetworkStream stream = new(connection, ownsSocket: false);
            if (_sink.Identity?.Certificate is { } certificate)
            {
                await using SslStream tls = new(stream);
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, _stopping.Token);
                await _sink.Serve(tls, _stopping.Token);
            }
            else
            {
                await _sink.Serve(stream, _stopping.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or AuthenticationException or ObjectDisposedException)
        {
            // The sender went away, or the test is over.
        }
        if (_sink.Resets)
        {
            connection.LingerState = new LingerOption(true, 0);
        }
    }
}
