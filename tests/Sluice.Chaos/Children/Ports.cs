using System.Net;
using System.Net.Sockets;

namespace Sluice.Chaos.Children;

/// <summary>Ports that nobody listens on.</summary>
internal static class Ports
{
    /// <summary>One that the kernel hands out.</summary>
    public static int Free()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The first of five in a row, below the range that the kernel hands out.</summary>
    public static int FreeFive()
    {
        for (int attempt = 0; attempt < 200; attempt++)
        {
            int first = 20_000 + (Random.Shared.Next(1200) * 10) + 5;
            if (Enumerable.Range(first, 5).All(IsFree))
            {
                return first;
            }
        }
        throw new InvalidOperationException("No five free ports in a row.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using TcpListener listener = new(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
