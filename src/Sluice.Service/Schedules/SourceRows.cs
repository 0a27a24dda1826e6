using System.Text.Json;
using Sluice.Jobs;

namespace Sluice.Service.Schedules;

/// <summary>A row of a source.</summary>
/// <param name="Number">From 1, its place in the source.</param>
/// <param name="Key">What tells it apart; null where it has none.</param>
/// <param name="Fields">An object; undefined with an error.</param>
/// <param name="Error">Why it cannot be read.</param>
internal readonly record struct SourceRow(int Number, string? Key, JsonElement Fields, FieldError? Error = null)
{
    /// <summary>Where a restart goes on that has staged rows up to this one; null where only its page says so.</summary>
    public string? Cursor { get; init; }
}

/// <summary>Rows that are staged together.</summary>
/// <param name="Rows">In order of their numbers.</param>
/// <param name="Last">Number of the last row read, blank ones included.</param>
/// <param name="Cursor">Where a restart goes on.</param>
/// <param name="End">Nothing comes after them.</param>
internal sealed record SourcePage(IReadOnlyList<SourceRow> Rows, int Last, string Cursor, bool End);

/// <summary>Rows in a fixed order, page by page. Two are shipped: a file of JSON lines, a query. Throws <see cref="SourceException"/>.</summary>
internal interface IRowSource : IAsyncDisposable
{
    /// <summary>The rows after those of the page before; after the end, empty pages.</summary>
    Task<SourcePage> NextAsync(CancellationToken cancellationToken);
}
