using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Webhooks;

/// <summary>Section <c>Webhooks</c>.</summary>
internal sealed class WebhookOptions
{
    public const string Section = "Webhooks";

    /// <summary>
    /// 32 bytes as base64 under which the endpoints' secrets are stored; the same on every node. Better given as <c>SecretKey_FILE</c>.
    /// Without it webhooks are refused, but in an embedded service, which makes one that lasts as long as its memory.
    /// </summary>
    public string? SecretKey { get; set; }

    /// <summary>Whether plain http may be called. Embedded, loopback always may.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>Ports that may be called.</summary>
    public IList<int> Ports { get; } = [];

    /// <summary>Whether every port may.</summary>
    public bool AllowAnyPort { get; set; }

    /// <summary>
    /// Networks (<c>10.20.0.0/16</c>) within 10/8, 172.16/12, 192.168/16, 100.64/10, 198.18/15 or fc00::/7 that may be called although they are private.
    /// Loopback, link-local and metadata addresses are not to be had this way.
    /// </summary>
    public IList<string> AllowNetworks { get; } = [];

    /// <summary>What an attempt may take in all, name look-up and TLS included.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A claimed delivery is another sender's after this.</summary>
    [Range(typeof(TimeSpan), "00:00:31", "00:30:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often this node looks for what is due.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Attempts under way in this process.</summary>
    [Range(1, 1024)]
    public int Concurrency { get; set; } = 64;

    /// <summary>Of these to one endpoint, or to one host of a tenant's own URLs.</summary>
    [Range(1, 256)]
    public int PerTarget { get; set; } = 8;

    /// <summary>Of these for one tenant.</summary>
    [Range(1, 1024)]
    public int PerTenant { get; set; } = 32;

    /// <summary>Endpoints that a tenant may have.</summary>
    [Range(1, 1000)]
    public int EndpointsPerTenant { get; set; } = 50;

    /// <summary>How long the secret before a rotation signs too.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan RotationOverlap { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Failures alone for this long disable an endpoint.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan DisableAfter { get; set; } = TimeSpan.FromDays(5);

    /// <summary>Where receivers find this service, <c>https://sluice.example.org</c>; a body's url is a path without it.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>443 and 8443 where none is named.</summary>
    public IReadOnlyCollection<int> OpenPorts => Ports.Count == 0 ? [443, 8443] : [.. Ports];
}
