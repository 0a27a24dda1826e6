using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Sluice.Service.Schedules;

/// <summary>The databases that the operator names for schedules. A schedule says a name; never an address or a password.</summary>
internal sealed class NamedConnections(IOptions<ScheduleOptions> options) : IAsyncDisposable
{
    private readonly ScheduleOptions _options = options.Value;
    private readonly ConcurrentDictionary<string, NpgsqlDataSource> _open = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What a tenant may name, sorted.</summary>
    public IReadOnlyList<string> Names(string tenant, bool sink) =>
        [.. _options.Connections.Where(c => MayUse(c.Value, tenant, sink)).Select(c => c.Key).Order(StringComparer.Ordinal)];

    public bool Has(string tenant, string name, bool sink) => _options.Connections.TryGetValue(name, out ScheduleConnection? known) && MayUse(known, tenant, sink);

    /// <summary>A connection for a tenant's schedule; null where it may not name it (any more).</summary>
    public NpgsqlDataSource? Find(string tenant, string name, bool sink) =>
        Has(tenant, name, sink) ? _open.GetOrAdd(name, key => Open(_options.Connections[key])) : null;

    /// <summary>Not reachable, shutting down, out of connections or disk, or lost a race: may pass.</summary>
    public static bool MayPass(Exception failure) => failure switch
    {
        PostgresException error => error.IsTransient || error.SqlState.StartsWith("57P", StringComparison.Ordinal) || error.SqlState.StartsWith("08", StringComparison.Ordinal)
            || error.SqlState.StartsWith("53", StringComparison.Ordinal) || error.SqlState.StartsWith("40", StringComparison.Ordinal),
        NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException => true,
        _ => false,
    };

    /// <summary>The server's words about a statement, or that it does not answer.</summary>
    public static string Words(Exception failure) => failure is PostgresException error ? $"{error.MessageText} ({error.SqlState})" : "the database does not answer";

    public async ValueTask DisposeAsync()
    {
        foreach (NpgsqlDataSource source in _open.Values)
        {
            await source.DisposeAsync();
        }
    }

    private NpgsqlDataSource Open(ScheduleConnection connection)
    {
        NpgsqlConnectionStringBuilder settings = new(connection.ConnectionString)
        {
            ApplicationName = "sluice schedules",
            MaxPoolSize = Math.Max(4, 2 * _options.Concurrency),
            CommandTimeout = (int)Math.Ceiling(_options.StatementTimeout.TotalSeconds) + 5,
        };
        return NpgsqlDataSource.Create(settings);
    }

    private static bool MayUse(ScheduleConnection connection, string tenant, bool sink) =>
        (!sink || connection.Sink) && (connection.Tenants.Count == 0 || connection.Tenants.Contains(tenant, StringComparer.Ordinal));
}
