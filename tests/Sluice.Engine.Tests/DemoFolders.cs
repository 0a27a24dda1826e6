using Xunit;

namespace Sluice.Engine.Tests;

/// <summary>The model that the repository ships and its small sibling.</summary>
internal static class DemoFolders
{
    public static string Model { get; } = Find("model");

    public static string Draft { get; } = Find("draft");

    private static string Find(string name)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "src", "Sluice.Cli", "Demo", name);
            if (Directory.Exists(path))
                return path;
        }

        Assert.Fail($"src/Sluice.Cli/Demo/{name} is not above {AppContext.BaseDirectory}");
        return "";
    }
}
