using System.Net;
using System.Net.Sockets;

namespace Sluice.Service.Webhooks;

/// <summary>Looks a name up.</summary>
internal delegate Task<IPAddress[]> ResolveHost(string host, CancellationToken cancellationToken);

/// <summary>Opens a TCP connection to an address that was judged.</summary>
internal delegate Task<Stream> OpenConnection(IPEndPoint address, CancellationToken cancellationToken);

/// <summary>
/// The place where it is decided what is called: a name is looked up once, every answer is judged, and one of these very addresses is connected to.
/// Nothing is looked up a second time, so there is no moment between check and use.
/// </summary>
internal sealed class GuardedDialer(AddressPolicy policy, ResolveHost resolve, OpenConnection open)
{
    /// <summary>The real ones.</summary>
    public static GuardedDialer Over(AddressPolicy policy) => new(policy, static (host, cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken), OpenAsync);

    /// <summary>Throws <see cref="BlockedAddressException"/> where any answer is denied, <see cref="SocketException"/> where none answers.</summary>
    public async Task<Stream> DialAsync(string host, int port, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = await ResolveAsync(HostNames.Plain(host), cancellationToken);
        foreach (IPAddress address in addresses)
        {
            if (policy.Fault(address, port) is string fault)
            {
                throw new BlockedAddressException(fault);
            }
        }
        for (int i = 0; ; i++)
        {
            try
            {
                return await open(new IPEndPoint(addresses[i], port), cancellationToken);
            }
            catch (SocketException) when (i + 1 < addresses.Length && !cancellationToken.IsCancellationRequested)
            {
                // The next of the addresses that were judged.
            }
        }
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        if (HostNames.TryReadAddress(host, out IPAddress? literal))
        {
            return [literal];
        }
        if (HostNames.EndsInNumber(host))
        {
            throw new BlockedAddressException("the host is neither a name nor an address");
        }
        IPAddress[] found = await resolve(host, cancellationToken);
        return found.Length > 0 ? [.. found.Select(AddressRules.Plain)] : throw new SocketException((int)SocketError.HostNotFound);
    }

    private static async Task<Stream> OpenAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>The name leads where this service does not go. The message names no address: it may reach the tenant.</summary>
internal sealed class BlockedAddressException(string reason) : Exception($"Blocked: {reason}.");
