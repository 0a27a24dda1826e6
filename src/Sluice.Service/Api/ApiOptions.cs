using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Api;

/// <summary>Section <c>Api</c>, and the setting <c>Urls</c> beside it.</summary>
internal sealed class ApiOptions
{
    public const string Section = "Api";
    public const string DefaultUrls = "http://127.0.0.1:8080";

    /// <summary>Bytes of all request headers together.</summary>
    [Range(1_024, 1 << 20)]
    public int MaxHeaderBytes { get; set; } = 32 * 1024;

    /// <summary>A request's headers must be there within this.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>An idle connection is closed after this.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(130);
}
