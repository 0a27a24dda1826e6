using Microsoft.Extensions.Options;
using Npgsql;

namespace Sluice.Service.Schedules;

/// <summary>Opens sources.</summary>
internal sealed class RowSources(NamedConnections connections, IOptions<ScheduleOptions> options)
{
    private readonly ScheduleOptions _options = options.Value;

    /// <param name="tenant">Whose files and connections.</param>
    /// <param name="source">What to read.</param>
    /// <param name="times">For the query.</param>
    /// <param name="cursor">Of the last page that was staged; null at the beginning.</param>
    /// <param name="before">Number of that page's last row.</param>
    /// <exception cref="SourceException">It cannot be read.</exception>
    public IRowSource Open(string tenant, SourceSpec source, ClaimedTimes times, string? cursor, int before) => source.Type switch
    {
        "jsonl" => JsonlSource.Open(Files(tenant), source, cursor, before, _options.Chunk),
        "sql" => new SqlSource(Connection(tenant, source.Connection!), source, times, SqlSource.Key(cursor), before, _options.Chunk, _options.StatementTimeout),
        _ => throw new SourceException($"'{source.Type}' is no kind of source."),
    };

    private TenantFiles Files(string tenant) => TenantFiles.Of(_options.FilesRoot, tenant) ?? throw new SourceException("This service has no folder for files; its operator sets Schedules:FilesRoot.");

    private NpgsqlDataSource Connection(string tenant, string name) =>
        connections.Find(tenant, name, sink: false) ?? throw new SourceException($"There is no connection '{name}' for this tenant (any more).");
}
