using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Cache;

/// <summary>Section <c>Cache</c>.</summary>
internal sealed class CacheOptions
{
    public const string Section = "Cache";

    /// <summary>Time between two rounds that delete expired entries and index what has grown large.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan TendEvery { get; set; } = TimeSpan.FromMinutes(5);
}
