using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sluice.Tests;

/// <summary>The rules of the house as pure functions: each takes names or files and returns one sentence per breach.</summary>
internal static partial class LayoutRules
{
    public const int MostLines = 400;

    private static readonly string[] TopLevelNames =
    [
        "src", "tests", "migrations", "ops",
        "Worker.sln", "compose.yaml", "README.md", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
        "Directory.Build.props", "Directory.Packages.props", "global.json",
    ];

    // a folder says what happens in it, not what kind of file lies there
    private static readonly string[] EmptyNames = ["Services", "Helpers", "Common", "Interfaces", "Extensions"];

    // project -> the projects of ours that it may reference
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Sluice.Jobs"] = [],
        ["Sluice.Engine"] = [],
        ["Sluice.Batching"] = ["Sluice.Jobs"],
        ["Sluice.Tuning"] = ["Sluice.Engine"],
        ["Sluice.Store"] = ["Sluice.Jobs"],
        ["Sluice.Migrations"] = ["Sluice.Store"],
        ["Sluice.Service"] = ["Sluice.Jobs", "Sluice.Engine", "Sluice.Batching", "Sluice.Store"],
        ["Sluice.Cli"] = ["Sluice.Jobs", "Sluice.Engine", "Sluice.Batching", "Sluice.Tuning", "Sluice.Store", "Sluice.Service", "Sluice.Migrations"],
    };

    // engine folder -> its place: a folder uses those of its own place and below
    private static readonly Dictionary<string, int> EnginePlaces = new()
    {
        ["Tensors"] = 0,
        ["Weights"] = 1,
        ["Quantization"] = 1,
        ["Backends"] = 2,
        ["Cache"] = 3,
        ["Models"] = 4,
        ["Sampling"] = 5,
        ["Speculation"] = 5,
        ["Planning"] = 6,
        ["Measuring"] = 7,
    };

    // everyone may use these; they use none of the others
    private static readonly string[] EngineLeaves = ["Sequences", "Tokens", "Templates"];

    public static IEnumerable<string> StrangersAtTheTop(IEnumerable<string> names)
        => names.Where(name => !name.StartsWith('.') && !TopLevelNames.Contains(name))
            .Select(name => $"{name} has no place at the top level");

    public static IEnumerable<string> LongFiles(IEnumerable<SourceFile> files)
        => from file in files
               // generated: one migration is as long as its schema
           where !file.Path.StartsWith("migrations/Migrations/", StringComparison.Ordinal) && !file.Path.EndsWith(".Designer.cs", StringComparison.Ordinal) && !file.Path.EndsWith("Snapshot.cs", StringComparison.Ordinal)
           let lines = file.Text.Count(c => c == '\n') + (file.Text.Length > 0 && !file.Text.EndsWith('\n') ? 1 : 0)
           where lines > MostLines
           select $"{file.Path} has {lines} lines, at most {MostLines}";

    public static IEnumerable<string> EmptyFolderNames(IEnumerable<string> folders)
        => folders.Where(folder => EmptyNames.Contains(Path.GetFileName(folder), StringComparer.OrdinalIgnoreCase))
            .Select(folder => $"{folder} is named for a kind of file, not for what happens there");

    public static IEnumerable<string> EmptyFileNames(IEnumerable<SourceFile> files)
        => files.Where(file => Path.GetFileName(file.Path) == "Extensions.cs").Select(file => $"{file.Path} does not say what it extends");

    /// <summary>Uses of the namespace, by a using directive or in full, outside the folders where it lives.</summary>
    public static IEnumerable<string> NamespaceOutside(IEnumerable<SourceFile> files, string name, params string[] homes)
    {
        Regex use = new($@"(?<![.\w]){Regex.Escape(name)}\s*[.;]");
        return files
            .Where(file => !homes.Any(home => file.Path.StartsWith(home + "/", StringComparison.Ordinal)) && use.IsMatch(CodeOnly(file.Text)))
            .Select(file => $"{file.Path} uses {name}, which belongs to {string.Join(" and ", homes)}");
    }

    public static IEnumerable<string> WallClock(IEnumerable<SourceFile> files)
        => from file in files
           from Match match in ClockRead().Matches(CodeOnly(file.Text))
           select $"{file.Path} reads {match.Value}; take a TimeProvider";

    /// <summary>References between projects that the arrows of the architecture do not have.</summary>
    public static IEnumerable<string> WrongArrows(IEnumerable<SourceFile> projects)
    {
        foreach (SourceFile project in projects)
        {
            string name = Path.GetFileNameWithoutExtension(project.Path);
            if (!Arrows.TryGetValue(name, out string[]? allowed))
            {
                yield return $"{name} is not in the table of arrows";
                continue;
            }

            foreach (string include in Includes(project, "ProjectReference"))
            {
                string target = Path.GetFileNameWithoutExtension(include.Replace('\\', '/'));
                if (!allowed.Contains(target))
                {
                    yield return $"{name} may not reference {target}";
                }
            }
        }
    }

    /// <summary>Shipped projects that the image's build restores without their files.</summary>
    public static IEnumerable<string> ProjectsNotRestored(IEnumerable<SourceFile> shipped, string dockerfile)
        => from project in shipped
           let folder = project.Path[..project.Path.LastIndexOf('/')]
           where !dockerfile.Contains($"COPY {folder}/*.csproj {folder}/packages.lock.json {folder}/\n", StringComparison.Ordinal)
           select $"{project.Path} is not copied before the restore of ops/docker/Dockerfile";

    public static IEnumerable<string> Packages(SourceFile project)
        => Includes(project, "PackageReference").Concat(Includes(project, "FrameworkReference")).Concat(Includes(project, "Reference"))
            .Select(package => $"{Path.GetFileNameWithoutExtension(project.Path)} references {package}, and may reference no package");

    /// <summary>Folders of the engine that use one that stands above them. Files outside <c>src/Sluice.Engine</c> and in its root are free.</summary>
    public static IEnumerable<string> EngineDirection(IEnumerable<SourceFile> files)
    {
        foreach (SourceFile file in files)
        {
            string[] parts = file.Path.Split('/');
            if (parts is not ["src", "Sluice.Engine", string folder, _, ..])
            {
                continue;
            }

            bool leaf = EngineLeaves.Contains(folder);
            if (!leaf && !EnginePlaces.ContainsKey(folder))
            {
                yield return $"{file.Path}: the folder {folder} has no place in the engine's order";
                continue;
            }

            foreach (Match match in EngineUse().Matches(CodeOnly(file.Text)))
            {
                string used = match.Groups["folder"].Value;
                bool allowed = used == folder || EngineLeaves.Contains(used)
                    || (!leaf && EnginePlaces.TryGetValue(used, out int below) && below <= EnginePlaces[folder]);
                if (!allowed)
                {
                    yield return $"{file.Path}: {folder} may not use {used}";
                }
            }
        }
    }

    private static IEnumerable<string> Includes(SourceFile project, string element)
        => XDocument.Parse(project.Text).Descendants(element).Select(e => (string?)e.Attribute("Include")).OfType<string>();

    /// <summary>The text without comments and literals, which may name anything.</summary>
    private static string CodeOnly(string text) => CommentOrLiteral().Replace(text, " ");

    [GeneratedRegex("""
        (?<quotes>"{3,})[\s\S]*?\k<quotes>|\$?@\$?"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*[\s\S]*?\*/
        """)]
    private static partial Regex CommentOrLiteral();

    [GeneratedRegex(@"\bDateTime(Offset)?\s*\.\s*(Now|UtcNow|Today)\b|\bThread\s*\.\s*Sleep\b")]
    private static partial Regex ClockRead();

    [GeneratedRegex(@"\busing\s+(static\s+)?(\w+\s*=\s*)?Sluice\.Engine\.(?<folder>[A-Z][a-z]\w*)\s*[.;]")]
    private static partial Regex EngineUse();
}
