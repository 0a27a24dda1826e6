namespace Sluice.Tests;

/// <summary>A text file of the repository; the path is relative to its root, with forward slashes.</summary>
internal sealed record SourceFile(string Path, string Text);

/// <summary>The checkout that the tests were built from, found upwards from the test assembly.</summary>
internal static class SourceTree
{
    // what git ignores, and git's own folder
    private static readonly string[] Ignored = [".git", "artifacts", ".run", ".cache", "bin", "obj", "TestResults"];

    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Names of the files and folders at the top, ignored ones left out.</summary>
    public static IEnumerable<string> TopLevel()
        => Directory.EnumerateFileSystemEntries(Root).Select(path => Path.GetFileName(path)).Except(Ignored);

    /// <summary>Every folder below <c>src</c>, <c>tests</c> and <c>migrations</c>.</summary>
    public static IEnumerable<string> Folders()
        => SourceFolders().SelectMany(top => Walk(top).Prepend(top)).Select(Relative);

    /// <summary>Every file below <c>src</c>, <c>tests</c> and <c>migrations</c> that ends so.</summary>
    public static IReadOnlyList<SourceFile> Files(string ending)
        => [.. SourceFolders()
            .SelectMany(top => Walk(top).Prepend(top))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*" + ending))
            .Select(path => new SourceFile(Relative(path), File.ReadAllText(path)))];

    private static IEnumerable<string> SourceFolders()
        => new[] { "src", "tests", "migrations" }.Select(name => Path.Combine(Root, name));

    private static IEnumerable<string> Walk(string folder)
        => Directory.EnumerateDirectories(folder)
            .Where(path => !Ignored.Contains(Path.GetFileName(path)))
            .SelectMany(path => Walk(path).Prepend(path));

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static string FindRoot(string from)
    {
        for (DirectoryInfo? folder = new(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Worker.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No folder above {from} holds Worker.sln.");
    }
}
