using System.Globalization;
using System.Text.Json;
using Sluice.Service.Files;
using Sluice.Service.Intake;

namespace Sluice.Cli.Run;

/// <summary>Reads the input line by line: what can run goes to the engine, what cannot becomes an error line, what is done is passed over.</summary>
internal sealed class LineFeed(string input, LinePreparer preparer, EngineFeed engine, LineAnswerer answerer, LineSet done, RunTotals totals)
{
    /// <summary>
    /// Lines between full collections. A line lives through its wait in the window, so it dies old, and the runtime by itself lets tens of megabytes of
    /// such lines gather where memory is plenty. A run keeps to what it has printed: this costs milliseconds per collection.
    /// </summary>
    private const int CollectEvery = 1 << 15;

    private readonly SeenIds _ids = new((offset, cancellationToken) => IdAtAsync(input, offset, cancellationToken));

    /// <summary>Returns at the end of the input; the lines are still on their way then.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using FileStream stream = new(input, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        LineSplitter lines = new(stream);
        while (await lines.NextAsync(cancellationToken))
        {
            if (!lines.TooLong && IsBlank(lines.Line.Span)) continue;
            totals.AddRead(lines.Consumed);
            if (totals.Read % CollectEvery == 0) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            if (await TakeAsync(lines, cancellationToken) is { } refused) await answerer.Output.AddAsync(refused, cancellationToken);
        }
    }

    /// <summary>Null where there is nothing to write: the line runs, or is done.</summary>
    private async ValueTask<OutputLine?> TakeAsync(LineSplitter lines, CancellationToken cancellationToken)
    {
        long number = lines.Number;
        bool skip = done.Contains(number);
        RequestErrors errors = new();
        if (lines.TooLong)
        {
            errors.Add("", $"The line must have at most {LineSplitter.MostLineBytes} bytes; got {(lines.Consumed - lines.Offset).ToString(CultureInfo.InvariantCulture)}.", "too_long");
            return Refused(number, null, errors, skip);
        }
        using JsonDocument? json = BatchLineReader.Parse(lines.Line, errors);
        if (json is null) return Refused(number, null, errors, skip);
        // lines that are done claim their ids too, so that a resume finds the same duplicates
        string? id = BatchLineReader.CustomId(json.RootElement);
        if (id is not null && !await _ids.AddAsync(id, lines.Offset, cancellationToken))
        {
            errors.Add("custom_id", $"custom_id {TextRules.Quote(id)} has come before; only its first line is run.", "duplicate_custom_id");
            return Refused(number, id, errors, skip);
        }
        if (skip) return Refused(number, id, errors, skip);
        PreparedLine? prepared = BatchLineReader.Read(json.RootElement, errors) is { } line ? preparer.Prepare(line, errors) : null;
        if (prepared is null) return Refused(number, id, errors, skip);
        await engine.AddAsync(new NumberedLine(number, prepared, preparer.Model), cancellationToken);
        return null;
    }

    private OutputLine? Refused(long number, string? id, RequestErrors errors, bool skip)
    {
        if (!skip) return answerer.Failure(number, id, errors.All);
        totals.AddSkipped();
        return null;
    }

    private static bool IsBlank(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept(" \t\r"u8) < 0;

    private static async ValueTask<string?> IdAtAsync(string input, long offset, CancellationToken cancellationToken)
    {
        await using FileStream stream = new(input, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        stream.Position = offset;
        LineSplitter lines = new(stream, offset: offset);
        if (!await lines.NextAsync(cancellationToken)) return null;
        using JsonDocument? json = BatchLineReader.Parse(lines.Line, new RequestErrors());
        return json is null ? null : BatchLineReader.CustomId(json.RootElement);
    }
}
