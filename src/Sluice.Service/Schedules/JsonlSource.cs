using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Files;
using Sluice.Service.Intake;

namespace Sluice.Service.Schedules;

/// <summary>How far a file was read, and which file it was: another of its name is not read on.</summary>
internal sealed record FileCursor(long Offset, long Length, long Modified);

/// <summary>A file with a JSON object in each line; blank lines are passed over. A line that is none becomes an error row.</summary>
internal sealed class JsonlSource : IRowSource
{
    /// <summary>Longest line.</summary>
    public const int MostLineBytes = 4 << 20;

    private const int PageBytes = 4 << 20;
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 32 };

    private readonly FileStream _file;
    private readonly LineSplitter _lines;
    private readonly FileCursor _start;
    private readonly string? _key;
    private readonly int _before;
    private readonly int _chunk;
    private bool _end;

    private JsonlSource(FileStream file, FileCursor start, string? key, int before, int chunk)
    {
        (_file, _start, _key, _before, _chunk) = (file, start, key, before, chunk);
        _file.Position = start.Offset;
        _lines = new LineSplitter(file, MostLineBytes, start.Offset);
    }

    /// <param name="files">The tenant's.</param>
    /// <param name="source">Path and key.</param>
    /// <param name="cursor">Of the last page that was staged; null at the beginning.</param>
    /// <param name="before">Lines before the cursor.</param>
    /// <param name="chunk">Most rows of a page.</param>
    public static JsonlSource Open(TenantFiles files, SourceSpec source, string? cursor, int before, int chunk)
    {
        FileStream file = files.OpenRead(source.Path!);
        try
        {
            FileCursor now = new(0, file.Length, File.GetLastWriteTimeUtc(file.SafeFileHandle).Ticks);
            FileCursor start = cursor is null ? now : JsonSerializer.Deserialize(cursor, SpecJson.Default.FileCursor)!;
            return now with { Offset = start.Offset } == start
                ? new JsonlSource(file, start, source.Key, before, chunk)
                : throw new SourceException($"File '{source.Path}' was changed while its lines were being staged.");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public async Task<SourcePage> NextAsync(CancellationToken cancellationToken)
    {
        List<SourceRow> rows = [];
        long begin = _lines.Consumed;
        try
        {
            while (!_end && rows.Count < _chunk && _lines.Consumed - begin < PageBytes)
            {
                if (!await _lines.NextAsync(cancellationToken))
                {
                    _end = true;
                }
                else if (_lines.TooLong || !IsBlank(_lines.Line.Span))
                {
                    rows.Add(Read(checked(_before + (int)_lines.Number)) with { Cursor = Cursor() });
                }
            }
        }
        catch (IOException failure)
        {
            throw new SourceException("The file cannot be read on: the disk refuses.", failure, mayPass: true);
        }
        return new SourcePage(rows, checked(_before + (int)_lines.Number), Cursor(), _end);
    }

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private string Cursor() => JsonSerializer.Serialize(_start with { Offset = _lines.Consumed }, SpecJson.Default.FileCursor);

    private SourceRow Read(int number)
    {
        if (_lines.TooLong)
        {
            return Bad(number, "line", $"A line may have at most {MostLineBytes} bytes.", "too_long");
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(_lines.Line, s_json);
            JsonElement row = document.RootElement;
            if (row.ValueKind != JsonValueKind.Object)
            {
                return Bad(number, "line", "A line must be a JSON object.", "invalid_json");
            }
            if (_key is null)
            {
                return new SourceRow(number, $"line-{number}", row.Clone());
            }
            return RowTemplate.Value(row, _key) is string key
                ? new SourceRow(number, key, row.Clone())
                : Bad(number, _key, $"The row has no field {TextRules.Quote(_key)}, which is the source's key.", "missing_field");
        }
        catch (JsonException failure)
        {
            return Bad(number, "line", $"The line is not JSON: byte {failure.BytePositionInLine + 1}.", "invalid_json");
        }
        catch (InvalidOperationException)
        {
            return Bad(number, "line", "The line must be valid Unicode: no lone surrogate, no broken UTF-8.", "invalid_json");
        }
    }

    private static SourceRow Bad(int number, string field, string message, string code) => new(number, null, default, new FieldError(field, message, code));

    private static bool IsBlank(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept(" \t\r"u8) < 0;
}
