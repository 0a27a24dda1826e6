using System.Net;
using System.Net.Sockets;

namespace Sluice.Service.Webhooks;

/// <summary>Which addresses no stranger may have us call. IANA's special-purpose registries, the clouds' metadata services, and every form that carries an IPv4 address within IPv6.</summary>
internal static class AddressRules
{
    /// <summary>May be allowed by the operator.</summary>
    private static readonly IPNetwork[] s_private = Read("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 198.18.0.0/15 fc00::/7");

    /// <summary>Never, whatever is allowed: 168.63.129.16 is Azure's, 100.100.100.200 Alibaba's, fd00:ec2:: Amazon's, fd20:ce:: Google's.</summary>
    private static readonly IPNetwork[] s_metadata = Read("169.254.0.0/16 168.63.129.16/32 100.100.100.200/32 192.0.0.192/32 fd00:ec2::/32 fd20:ce::/32 fe80::/10");

    private static readonly IPNetwork[] s_loopback = Read("127.0.0.0/8 ::1/128");

    private static readonly IPNetwork[] s_special = Read(
        "0.0.0.0/8 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 "
        + "::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fec0::/10 ff00::/8");

    /// <summary>The networks that an operator may allow parts of.</summary>
    public static string Allowable => string.Join(", ", s_private);

    public static bool MayBeAllowed(IPNetwork network) => s_private.Any(known => known.Contains(network.BaseAddress) && known.PrefixLength <= network.PrefixLength);

    /// <summary>An IPv4 address that IPv6 only carries is that IPv4 address; a zone says nothing about where an address leads.</summary>
    public static IPAddress Plain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }
        return address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes()) : address;
    }

    public static bool IsLoopback(IPAddress address) => In(s_loopback, address);

    /// <summary>Denied unless the operator allows a network that it is in.</summary>
    public static bool IsPrivate(IPAddress address) => In(s_private, address) && !In(s_metadata, address);

    /// <summary>Denied whatever is allowed; loopback is asked for on its own.</summary>
    public static bool IsForbidden(IPAddress address) => address.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
        || In(s_metadata, address) || (In(s_special, address) && !IsLoopback(address)) || IsIsatap(address);

    /// <summary>The host part ::0:5efe:a.b.c.d tunnels to a.b.c.d.</summary>
    private static bool IsIsatap(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 && address.GetAddressBytes() is [_, _, _, _, _, _, _, _, 0x00 or 0x02, 0x00, 0x5e, 0xfe, ..];

    private static bool In(IPNetwork[] networks, IPAddress address) => Array.Exists(networks, network => network.Contains(address));

    private static IPNetwork[] Read(string networks) => [.. networks.Split(' ').Select(text => IPNetwork.Parse(text))];
}
