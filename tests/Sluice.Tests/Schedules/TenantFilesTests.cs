using Sluice.Service.Schedules;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>A tenant's files, and every way out of their folder.</summary>
public sealed class TenantFilesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("sluice-files-").FullName;

    public TenantFilesTests()
    {
        Directory.CreateDirectory(Path.Combine(_root, "acme", "in"));
        Directory.CreateDirectory(Path.Combine(_root, "rival"));
        File.WriteAllText(Path.Combine(_root, "acme", "in", "a.jsonl"), "mine");
        File.WriteAllText(Path.Combine(_root, "rival", "b.jsonl"), "theirs");
        File.WriteAllText(Path.Combine(_root, "outside.jsonl"), "outside");
    }

    private TenantFiles Files => TenantFiles.Of(_root, "acme")!;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("../rival/b.jsonl")]
    [InlineData("in/../../rival/b.jsonl")]
    [InlineData("/etc/passwd")]
    [InlineData("~/x")]
    [InlineData("in//a.jsonl")]
    [InlineData("./in/a.jsonl")]
    [InlineData("in\\..\\a.jsonl")]
    [InlineData("in/a.jsonl\0.png")]
    [InlineData("..")]
    [InlineData("")]
    public void A_path_that_leads_elsewhere_is_refused_before_the_disk_is_asked(string path)
    {
        Assert.NotNull(TenantFiles.Fault(path));
        Assert.Throws<SourceException>(() => Files.OpenRead(path));
        Assert.Throws<SinkException>(() => Files.PlaceFor(path));
    }

    [Fact]
    public void A_file_of_the_tenant_is_read_and_one_that_is_not_there_is_named()
    {
        using StreamReader reader = new(Files.OpenRead("in/a.jsonl"));
        Assert.Equal("mine", reader.ReadToEnd());
        SourceException missing = Assert.Throws<SourceException>(() => Files.OpenRead("in/none.jsonl"));
        Assert.Contains("'in/none.jsonl' cannot be read: it does not exist", missing.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_root, missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("link.jsonl", "../rival/b.jsonl")]
    [InlineData("link.jsonl", "../outside.jsonl")]
    [InlineData("link.jsonl", "/etc/passwd")]
    public void A_symbolic_link_out_is_refused(string name, string target)
    {
        File.CreateSymbolicLink(Path.Combine(_root, "acme", name), target);
        Assert.Contains("leads out", Assert.Throws<SourceException>(() => Files.OpenRead(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_a_link_out_is_refused_for_reading_and_writing_and_makes_nothing_there()
    {
        Directory.CreateSymbolicLink(Path.Combine(_root, "acme", "away"), "../rival");
        Assert.Throws<SourceException>(() => Files.OpenRead("away/b.jsonl"));
        Assert.Throws<SinkException>(() => Files.PlaceFor("away/c.jsonl"));
        Assert.Throws<SinkException>(() => Files.PlaceFor("away/deep/c.jsonl"));
        Assert.False(Directory.Exists(Path.Combine(_root, "rival", "deep")));
    }

    [Fact]
    public void A_folder_that_becomes_a_link_out_before_its_file_is_made_is_left_without_one()
    {
        string place = Files.PlaceFor("out/a.jsonl");
        Directory.Delete(Path.Combine(_root, "acme", "out"));
        Directory.CreateSymbolicLink(Path.Combine(_root, "acme", "out"), "../rival");
        Assert.Contains("leads out", Assert.Throws<SinkException>(() => Files.Create(place, "out/a.jsonl")).Message, StringComparison.Ordinal);
        Assert.Equal(["b.jsonl"], Directory.EnumerateFileSystemEntries(Path.Combine(_root, "rival")).Select(entry => Path.GetFileName(entry)));
    }

    [Fact]
    public void A_file_is_not_written_through_a_link_that_lies_in_its_place()
    {
        string place = Files.PlaceFor("out/a.jsonl");
        File.CreateSymbolicLink(place, "../../rival/b.jsonl");
        using (FileStream file = Files.Create(place, "out/a.jsonl"))
        {
            file.Write("mine"u8);
        }
        Assert.Equal(("mine", "theirs"), (File.ReadAllText(place), File.ReadAllText(Path.Combine(_root, "rival", "b.jsonl"))));
    }

    [Fact]
    public void Links_within_the_folder_are_followed_and_a_ring_of_them_ends()
    {
        File.CreateSymbolicLink(Path.Combine(_root, "acme", "near.jsonl"), "in/a.jsonl");
        using FileStream file = Files.OpenRead("near.jsonl");
        Assert.Equal(4, file.Length);
        File.CreateSymbolicLink(Path.Combine(_root, "acme", "x"), "y");
        File.CreateSymbolicLink(Path.Combine(_root, "acme", "y"), "x");
        Assert.Throws<SourceException>(() => Files.OpenRead("x"));
    }

    [Fact]
    public void A_place_to_write_has_its_folders_and_a_tenant_that_is_no_folder_has_none()
    {
        string place = Files.PlaceFor("out/2026/a.jsonl");
        Assert.Equal(Path.Combine(_root, "acme", "out", "2026", "a.jsonl"), place);
        Assert.True(Directory.Exists(Path.GetDirectoryName(place)));
        Assert.Throws<ArgumentException>(() => TenantFiles.Of(_root, "../rival"));
        Assert.Null(TenantFiles.Of(null, "acme"));
    }

    [Theory]
    [InlineData("tickets", null)]
    [InlineData("täg_2$", null)]
    [InlineData("a\"; drop table x; --", "letters, digits")]
    [InlineData("a b", "letters, digits")]
    [InlineData("1a", "letters, digits")]
    [InlineData("", "1 to 63 bytes")]
    [InlineData("ääääääääääääääääääääääääääääääääääääääää", "1 to 63 bytes")]
    public void A_name_of_a_column_is_checked(string name, string? fault)
    {
        if (fault is null)
        {
            Assert.Null(Identifiers.Fault(name));
        }
        else
        {
            Assert.Contains(fault, Identifiers.Fault(name), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Names_are_quoted_part_by_part()
    {
        Assert.True(Identifiers.TryQuoteTable("public.Labels", out string? quoted, out _));
        Assert.Equal("\"public\".\"Labels\"", quoted);
        Assert.False(Identifiers.TryQuoteTable("a.b.c", out _, out _));
        Assert.False(Identifiers.TryQuoteTable("a.\"b\"", out _, out _));
        Assert.Equal("\"a\"\"b\"", Identifiers.Quote("a\"b"));
    }
}
