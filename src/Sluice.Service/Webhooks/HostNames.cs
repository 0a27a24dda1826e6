using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Sluice.Service.Webhooks;

/// <summary>Hosts as they come out of URLs, where an address has many spellings.</summary>
internal static class HostNames
{
    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    /// <summary>Lower case, without the brackets of IPv6 and the dot of the root.</summary>
    public static string Plain(string host) => host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();

    /// <summary>An address in any spelling that the platform reads (<c>127.1</c>, <c>0x7f.1</c>, <c>2130706433</c>), made plain.</summary>
    public static bool TryReadAddress(string host, [NotNullWhen(true)] out IPAddress? address)
    {
        bool read = IPAddress.TryParse(host, out IPAddress? found);
        address = read ? AddressRules.Plain(found!) : null;
        return read;
    }

    /// <summary>The last label is a number: no public name ends so, but some resolvers take such a host for an address.</summary>
    public static bool EndsInNumber(string host)
    {
        string last = host[(host.LastIndexOf('.') + 1)..];
        return last.Length > 0 && (last.All(char.IsAsciiDigit) || (last.StartsWith("0x", StringComparison.Ordinal) && last.AsSpan(2).IndexOfAnyExcept(s_hex) < 0));
    }
}
