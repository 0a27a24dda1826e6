using Xunit;

namespace Sluice.Tests;

/// <summary>The house keeps its shape. Each rule is tried on the repository, and on a made-up breach that it must see.</summary>
public sealed class LayoutTests
{
    private static readonly Lazy<IReadOnlyList<SourceFile>> Code = new(() => SourceTree.Files(".cs"));
    private static readonly Lazy<IReadOnlyList<SourceFile>> Projects = new(() => SourceTree.Files(".csproj"));

    private static IEnumerable<SourceFile> Shipped => Code.Value.Where(file => !file.Path.StartsWith("tests/", StringComparison.Ordinal));

    [Fact]
    public void The_whole_tree_is_looked_at()
    {
        Assert.Contains(Code.Value, file => file.Path == "tests/Sluice.Tests/LayoutTests.cs");
        Assert.Contains(Code.Value, file => file.Path == "src/Sluice.Engine/IEngine.cs");
        Assert.Contains(Projects.Value, file => file.Path == "migrations/Sluice.Migrations.csproj");
        Assert.DoesNotContain(Code.Value, file => file.Path.Contains("/obj/", StringComparison.Ordinal));
    }

    [Fact]
    public void The_top_level_holds_only_what_belongs_there()
    {
        Keeps(LayoutRules.StrangersAtTheTop(SourceTree.TopLevel()));
        Sees("NOTES.md", LayoutRules.StrangersAtTheTop(["src", ".editorconfig", "NOTES.md"]));
    }

    [Fact]
    public void No_file_is_longer_than_400_lines()
    {
        Keeps(LayoutRules.LongFiles(Code.Value));
        string full = new('\n', LayoutRules.MostLines);
        Assert.Empty(LayoutRules.LongFiles([new("src/Fits.cs", full), new("migrations/Initial.Designer.cs", full + "more")]));
        Sees("src/Long.cs", LayoutRules.LongFiles([new("src/Long.cs", full + "more")]));
    }

    [Fact]
    public void A_folder_is_named_for_what_happens_in_it()
    {
        Keeps(LayoutRules.EmptyFolderNames(SourceTree.Folders()));
        Sees("src/A/Helpers", LayoutRules.EmptyFolderNames(["src/A/Queue", "src/A/Helpers"]));
    }

    [Fact]
    public void No_file_is_named_Extensions()
    {
        Keeps(LayoutRules.EmptyFileNames(Code.Value));
        Sees("src/A/Extensions.cs", LayoutRules.EmptyFileNames([new("src/A/Extensions.cs", ""), new("src/A/QueueServices.cs", "")]));
    }

    [Theory]
    [InlineData("MassTransit", "src/Sluice.Service/Queue")]
    [InlineData("Quartz", "src/Sluice.Service/Schedules")]
    [InlineData("Microsoft.EntityFrameworkCore", "src/Sluice.Store", "migrations")]
    public void A_package_is_used_only_where_it_lives(string name, params string[] homes)
    {
        Keeps(LayoutRules.NamespaceOutside(Shipped, name, homes));
        foreach (string breach in new[] { $"using {name};", $"global using static {name}.Thing;", $"using Short = {name}.Thing;", $"var x = new global::{name}.Thing();" })
        {
            Sees("src/Elsewhere/A.cs", LayoutRules.NamespaceOutside([new("src/Elsewhere/A.cs", breach)], name, homes));
            Assert.Empty(LayoutRules.NamespaceOutside([new(homes[0] + "/A.cs", breach)], name, homes));
        }

        foreach (string harmless in new[] { $"// using {name};", $"var x = \"{name}.Thing\";", $"using Our{name};", $"services.Add{name}();" })
        {
            Assert.Empty(LayoutRules.NamespaceOutside([new("src/Elsewhere/A.cs", harmless)], name, homes));
        }
    }

    [Fact]
    public void Projects_reference_each_other_along_the_arrows()
    {
        Keeps(LayoutRules.WrongArrows(Projects.Value.Where(file => !file.Path.StartsWith("tests/", StringComparison.Ordinal))));
        Sees("Sluice.Jobs may not reference Sluice.Store", LayoutRules.WrongArrows([Project("Sluice.Jobs", """<ProjectReference Include="../Sluice.Store/Sluice.Store.csproj" />""")]));
        Sees("Sluice.Stranger", LayoutRules.WrongArrows([Project("Sluice.Stranger", "")]));
        Assert.Empty(LayoutRules.WrongArrows([Project("Sluice.Batching", """<ProjectReference Include="..\Sluice.Jobs\Sluice.Jobs.csproj" />""")]));
    }

    [Fact]
    public void The_image_restores_every_project()
    {
        SourceFile[] shipped = [.. Projects.Value.Where(file => !file.Path.StartsWith("tests/", StringComparison.Ordinal))];
        Keeps(LayoutRules.ProjectsNotRestored(shipped, File.ReadAllText(Path.Combine(SourceTree.Root, "ops", "docker", "Dockerfile"))));
        Sees("src/Sluice.New/Sluice.New.csproj", LayoutRules.ProjectsNotRestored([Project("Sluice.New", "")], "COPY src/Sluice.Newer/*.csproj src/Sluice.Newer/packages.lock.json src/Sluice.Newer/\n"));
    }

    [Theory]
    [InlineData("Sluice.Jobs")]
    [InlineData("Sluice.Batching")]
    public void What_producers_reference_brings_no_package(string name)
    {
        Keeps(LayoutRules.Packages(Assert.Single(Projects.Value, file => file.Path == $"src/{name}/{name}.csproj")));
        Sees("MassTransit", LayoutRules.Packages(Project(name, """<PackageReference Include="MassTransit" />""")));
        Sees("Microsoft.AspNetCore.App", LayoutRules.Packages(Project(name, """<FrameworkReference Include="Microsoft.AspNetCore.App" />""")));
    }

    [Fact]
    public void Inside_the_engine_folders_use_only_those_below_them()
    {
        Keeps(LayoutRules.EngineDirection(Shipped));
        Sees("Cache may not use Models", LayoutRules.EngineDirection([Engine("Cache", "Models")]));
        Sees("Tokens may not use Tensors", LayoutRules.EngineDirection([Engine("Tokens", "Tensors")]));
        Sees("has no place", LayoutRules.EngineDirection([Engine("Utilities", "Tensors")]));
        Sees("Tensors may not use Planning", LayoutRules.EngineDirection([new("src/Sluice.Engine/Tensors/A.cs", "using static Sluice.Engine.Planning.Planner;")]));
        Assert.Empty(LayoutRules.EngineDirection([Engine("Models", "Cache"), Engine("Planning", "Tokens"), Engine("Weights", "Quantization")]));
        Assert.Empty(LayoutRules.EngineDirection([new("src/Sluice.Engine/ModelEngine.cs", "using Sluice.Engine.Planning;")]));
    }

    [Fact]
    public void Nothing_shipped_reads_the_wall_clock()
    {
        Keeps(LayoutRules.WallClock(Shipped));
        Sees("DateTimeOffset.UtcNow", LayoutRules.WallClock([new("src/A.cs", "var now = DateTimeOffset.UtcNow;")]));
        Sees("Thread.Sleep", LayoutRules.WallClock([new("src/A.cs", "Thread.Sleep(5);")]));
        Assert.Empty(LayoutRules.WallClock([new("src/A.cs", "var now = time.GetUtcNow(); // not DateTime.UtcNow")]));
    }

    private static SourceFile Project(string name, string items)
        => new($"src/{name}/{name}.csproj", $"""<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>{items}</ItemGroup></Project>""");

    private static SourceFile Engine(string folder, string used) => new($"src/Sluice.Engine/{folder}/A.cs", $"using Sluice.Engine.{used};\n");

    private static void Keeps(IEnumerable<string> breaches)
    {
        string[] found = [.. breaches];
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    private static void Sees(string part, IEnumerable<string> breaches)
        => Assert.Contains(part, Assert.Single(breaches), StringComparison.Ordinal);
}
