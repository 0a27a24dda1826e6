using System.Net;

namespace Sluice.Service.Webhooks;

/// <summary>Which addresses and ports this service calls, by its settings.</summary>
/// <param name="options">Ports and allowed networks.</param>
/// <param name="loopback">Whether this machine may be called, on every port: only where all callers are its user's own.</param>
internal sealed class AddressPolicy(WebhookOptions options, bool loopback)
{
    private readonly IPNetwork[] _allowed = [.. options.AllowNetworks.Select(text => IPNetwork.Parse(text))];

    public bool AllowsLoopback => loopback;

    /// <summary>Null where the address may be called on this port, else why not.</summary>
    /// <param name="address">Already plain (<see cref="AddressRules.Plain"/>).</param>
    /// <param name="port">1 to 65535.</param>
    public string? Fault(IPAddress address, int port)
    {
        if (AddressRules.IsLoopback(address))
        {
            return loopback ? null : "this machine's own addresses are not called";
        }
        if (AddressRules.IsForbidden(address))
        {
            return "addresses of this kind are not called";
        }
        if (AddressRules.IsPrivate(address) && !Array.Exists(_allowed, network => network.Contains(address)))
        {
            return "private addresses are not called unless the operator allows their network (Webhooks:AllowNetworks)";
        }
        return PortFault(port);
    }

    public string? PortFault(int port) => options.AllowAnyPort || options.OpenPorts.Contains(port)
        ? null
        : $"port {port} is not called; open: {string.Join(", ", options.OpenPorts)}";
}
