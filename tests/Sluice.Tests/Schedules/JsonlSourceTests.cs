using Sluice.Service.Schedules;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>A file read page by page, on from any page's end.</summary>
public sealed class JsonlSourceTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("sluice-jsonl-").FullName;
    private readonly string _file;

    public JsonlSourceTests()
    {
        Directory.CreateDirectory(Path.Combine(_root, "acme"));
        _file = Path.Combine(_root, "acme", "a.jsonl");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public async Task Every_line_comes_once_wherever_a_restart_goes_on(int chunk)
    {
        await File.WriteAllTextAsync(_file, string.Concat(Enumerable.Range(1, 10).Select(n => n == 4 ? "\n" : $$"""{"id":"k{{n}}","text":"täxt {{n}}"}{{(n % 2 == 0 ? "\r\n" : "\n")}}""")) + """{"id":"last"}""");
        List<SourceRow> rows = [];
        (string? cursor, int before) = (null, 0);
        bool end = false;
        while (!end)
        {
            await using JsonlSource source = Open(chunk, cursor, before);
            SourcePage page = await source.NextAsync(CancellationToken.None);
            rows.AddRange(page.Rows);
            (cursor, before, end) = (page.Cursor, page.Last, page.End);
        }
        Assert.Equal(["k1", "k2", "k3", "k5", "k6", "k7", "k8", "k9", "k10", "last"], rows.Select(r => r.Key));
        Assert.Equal([1, 2, 3, 5, 6, 7, 8, 9, 10, 11], rows.Select(r => r.Number));
    }

    [Fact]
    public async Task A_line_that_is_no_object_or_lacks_its_key_is_an_error_row()
    {
        await File.WriteAllTextAsync(_file, "{\"id\":\"a\"}\nnot json\n[1]\n{\"name\":1}\n{\"id\":\"\\ud800\"}\n");
        await using JsonlSource source = Open(100, null, 0);
        SourcePage page = await source.NextAsync(CancellationToken.None);
        Assert.Equal([null, "invalid_json", "invalid_json", "missing_field", "invalid_json"], page.Rows.Select(r => r.Error?.Code));
        Assert.Equal("id", page.Rows[3].Error!.Field);
        Assert.True(page.End);
    }

    [Fact]
    public async Task Without_a_key_rows_go_by_their_number()
    {
        await File.WriteAllTextAsync(_file, "{}\n{}\n");
        await using JsonlSource source = JsonlSource.Open(TenantFiles.Of(_root, "acme")!, new SourceSpec { Type = "jsonl", Path = "a.jsonl" }, null, 0, 10);
        Assert.Equal(["line-1", "line-2"], (await source.NextAsync(CancellationToken.None)).Rows.Select(r => r.Key));
    }

    [Fact]
    public async Task A_file_that_was_changed_meanwhile_is_not_read_on()
    {
        await File.WriteAllTextAsync(_file, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
        SourcePage page;
        await using (JsonlSource source = Open(1, null, 0))
        {
            page = await source.NextAsync(CancellationToken.None);
        }
        await File.AppendAllTextAsync(_file, "{\"id\":\"c\"}\n");
        Assert.Contains("was changed", Assert.Throws<SourceException>(() => Open(1, page.Cursor, page.Last)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_file_ends_at_once()
    {
        await File.WriteAllTextAsync(_file, "");
        await using JsonlSource source = Open(10, null, 0);
        SourcePage page = await source.NextAsync(CancellationToken.None);
        Assert.True(page.End);
        Assert.Empty(page.Rows);
    }

    private JsonlSource Open(int chunk, string? cursor, int before) =>
        JsonlSource.Open(TenantFiles.Of(_root, "acme")!, new SourceSpec { Type = "jsonl", Path = "a.jsonl", Key = "id" }, cursor, before, chunk);
}
