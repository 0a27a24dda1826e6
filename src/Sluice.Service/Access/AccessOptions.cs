using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Access;

/// <summary>Section <c>Access</c>.</summary>
internal sealed class AccessOptions
{
    public const string Section = "Access";

    /// <summary>A key that exists from the first start, with all scopes; null for none. Better given as <see cref="BootstrapKeyFile"/>.</summary>
    public string? BootstrapKey { get; set; }

    /// <summary>A file that holds the bootstrap key.</summary>
    public string? BootstrapKeyFile { get; set; }

    /// <summary>Whose the bootstrap key is.</summary>
    [RegularExpression("[a-z0-9][a-z0-9._-]{0,62}")]
    public string BootstrapTenant { get; set; } = "default";

    /// <summary>How long a key that was found is not looked up again: so long does a revoked key go on.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:30")]
    public TimeSpan Remember { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A key look-up that takes longer is answered 503.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan StoreTimeout { get; set; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Whether <c>/metrics</c> answers a caller from loopback without a key. Everybody else needs one with scope read. Off where a proxy stands on the same machine.</summary>
    public bool MetricsOpenOnLoopback { get; set; } = true;
}
