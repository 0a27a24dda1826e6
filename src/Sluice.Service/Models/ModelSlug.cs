using System.Text.RegularExpressions;

namespace Sluice.Service.Models;

/// <summary>Model names travel in queue names and URLs: a lower-case letter or digit, then up to 62 letters, digits, <c>._-</c>.</summary>
internal static partial class ModelSlug
{
    public const string Rule = "[a-z0-9][a-z0-9._-]{0,62}";

    public static bool IsValid(string name) => Pattern().IsMatch(name);

    /// <summary>The folder's own name, lower-cased.</summary>
    public static string FromPath(string path) => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path))).ToLowerInvariant();

    [GeneratedRegex($@"\A{Rule}\z")]
    private static partial Regex Pattern();
}
