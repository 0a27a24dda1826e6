using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Sluice.Chaos.Faults;

/// <summary>Stands before a server on a port of its own and makes its connections bad.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Pair, bool> _open = new();
    private readonly int _target;
    private readonly Random _random;
    private readonly Task _accepting;

    public TcpProxy(int target, int seed)
    {
        _target = target;
        _random = new Random(seed);
        _listener.Start(512);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }
    public Toxics Toxics { get; } = new();

    /// <summary>Connections taken so far.</summary>
    public int Taken { get; private set; }

    /// <summary>Answers that were thrown away.</summary>
    public int Lost { get; private set; }

    /// <summary>Resets every connection that is open.</summary>
    public void Cut()
    {
        foreach (Pair pair in _open.Keys)
        {
            pair.End();
        }
    }

    /// <summary>What the server sends over the connections that are open now is thrown away from here on, and nobody is told; new ones are well. How many those are.</summary>
    public int Silence()
    {
        int open = 0;
        foreach (Pair pair in _open.Keys)
        {
            pair.Silent = true;
            open++;
        }
        return open;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Toxics.Heal();
        Cut();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                client.NoDelay = true;
                Taken++;
                _ = Task.Run(() => CarryAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // it is over
        }
    }

    private async Task CarryAsync(Socket client)
    {
        Pair pair = new(client, new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, _stop.Token);
        _open[pair] = true;
        try
        {
            await Toxics.ToServerAsync(pair.Ended);
            await pair.Server.ConnectAsync(IPAddress.Loopback, _target, pair.Ended);
            Task up = UpAsync(pair), down = DownAsync(pair);
            await Task.WhenAny(up, down);
            pair.End();
            await Task.WhenAll(up, down);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // the server is away: so is the proxy
        }
        finally
        {
            // a socket is closed by the one thread that knows that nothing is going on on it any more
            _open.TryRemove(pair, out _);
            pair.Reset();
        }
    }

    private async Task UpAsync(Pair pair)
    {
        byte[] buffer = new byte[32 * 1024];
        try
        {
            while (await pair.Client.ReceiveAsync(buffer, pair.Ended) is > 0 and int read)
            {
                pair.Asked = true;
                await SlowAsync(read, pair.Ended);
                await Toxics.ToServerAsync(pair.Ended);
                await SendAsync(pair.Server, buffer, read, pair.Ended);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // one side is gone: so is the other
        }
    }

    private async Task DownAsync(Pair pair)
    {
        byte[] buffer = new byte[32 * 1024];
        try
        {
            while (await pair.Server.ReceiveAsync(buffer, pair.Ended) is > 0 and int read)
            {
                bool answer = pair.Asked;
                pair.Asked = false;
                if (answer && Loses())
                {
                    return;
                }
                await SlowAsync(read, pair.Ended);
                await Toxics.ToClientAsync(pair.Ended);
                if (!pair.Silent)
                {
                    await SendAsync(pair.Client, buffer, read, pair.Ended);
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // one side is gone: so is the other
        }
    }

    private bool Loses()
    {
        lock (_random)
        {
            if (Toxics.LoseAnswer <= 0 || _random.NextDouble() >= Toxics.LoseAnswer)
            {
                return false;
            }
            Lost++;
            return true;
        }
    }

    private async Task SlowAsync(int bytes, CancellationToken ended)
    {
        TimeSpan wait = Toxics.Latency + (Toxics.BytesPerSecond > 0 ? TimeSpan.FromSeconds((double)bytes / Toxics.BytesPerSecond) : TimeSpan.Zero);
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, ended);
        }
    }

    private static async Task SendAsync(Socket socket, byte[] buffer, int count, CancellationToken ended)
    {
        for (int sent = 0; sent < count;)
        {
            sent += await socket.SendAsync(buffer.AsMemory(sent, count - sent), ended);
        }
    }

    private sealed class Pair(Socket client, Socket server, CancellationToken stop)
    {
        private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        private volatile bool _asked, _silent;

        public CancellationToken Ended => _end.Token;

        public Socket Client => client;
        public Socket Server => server;

        /// <summary>The client has sent something since the server's last chunk.</summary>
        public bool Asked
        {
            get => _asked;
            set => _asked = value;
        }

        /// <summary>Nothing from the server reaches the client.</summary>
        public bool Silent
        {
            get => _silent;
            set => _silent = value;
        }

        public void End() => _ = _end.CancelAsync();

        /// <summary>Closes both sides with a reset.</summary>
        public void Reset()
        {
            foreach (Socket socket in (Socket[])[client, server])
            {
                try
                {
                    socket.LingerState = new LingerOption(true, 0);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // closed already
                }
                socket.Dispose();
            }
        }
    }
}
