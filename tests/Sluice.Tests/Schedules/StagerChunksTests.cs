using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Schedules;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>Pages whose lines are much longer than their rows.</summary>
public sealed class StagerChunksTests : IDisposable
{
    private const int Rows = 12;

    private readonly string _root = Directory.CreateTempSubdirectory("sluice-chunks-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Lines_are_staged_a_few_megabytes_at_a_time_and_a_restart_goes_on_after_any_chunk()
    {
        Directory.CreateDirectory(Path.Combine(_root, "acme"));
        string text = new('x', 250_000);
        await File.WriteAllLinesAsync(Path.Combine(_root, "acme", "a.jsonl"), Enumerable.Range(1, Rows).Select(n => $$"""{"id":"k{{n}}","b":"{{text}}"}{{(n % 3 == 0 ? "\n" : "")}}"""));
        LineWriter writer = LineWriter.Of(new JobRequest { Model = "m", Prompt = "{{b}}{{b}}{{b}}{{b}}" }, new RequestErrors())!;
        SourcePage page = await ReadAsync(null, 0);
        Assert.Equal(Rows, page.Rows.Count);
        List<LineChunk> chunks = [.. Stager.Chunks(page, writer, 0)];
        Assert.Equal([5, 5, 2], chunks.Select(chunk => chunk.Lines.Count));
        Assert.Equal([0, .. chunks.SkipLast(1).Select(chunk => chunk.Last)], chunks.Select(chunk => chunk.After));
        Assert.Equal((page.Last, page.Cursor), (chunks[^1].Last, chunks[^1].Cursor));
        for (int i = 0; i < chunks.Count - 1; i++)
        {
            SourcePage rest = await ReadAsync(chunks[i].Cursor, chunks[i].Last);
            Assert.Equal(chunks.Skip(i + 1).SelectMany(chunk => chunk.Lines).Select(line => (line.Number, line.CustomId)), rest.Rows.Select(row => (row.Number, row.Key)));
        }
    }

    private async Task<SourcePage> ReadAsync(string? cursor, int before)
    {
        await using JsonlSource source = JsonlSource.Open(TenantFiles.Of(_root, "acme")!, new SourceSpec { Type = "jsonl", Path = "a.jsonl", Key = "id" }, cursor, before, 100);
        return await source.NextAsync(CancellationToken.None);
    }
}
