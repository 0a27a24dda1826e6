using Xunit;

namespace Sluice.Tests;

/// <summary>
/// Finds the files that lie in a folder named <c>shared</c> beside the repository or above it. They belong to no clone;
/// a test that needs one skips where it is absent.
/// </summary>
internal static class SharedFiles
{
    private const string Landmark = "models/stories260k";

    private static readonly string? s_root = FindRoot();

    /// <summary>The full path of a file or folder under <c>shared</c>; skips the test where it is absent.</summary>
    public static string FindOrSkip(string relative)
    {
        string? path = s_root is null ? null : Path.Combine(s_root, relative);
        bool found = File.Exists(path) || Directory.Exists(path);
        Assert.SkipUnless(found, $"shared/{relative} is not here");
        return path!;
    }

    private static string? FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string shared = Path.Combine(folder.FullName, "shared");
            if (Directory.Exists(Path.Combine(shared, Landmark)))
            {
                return shared;
            }
        }
        return null;
    }
}
