using System.Runtime.ExceptionServices;
using Npgsql;
using NpgsqlTypes;

namespace Sluice.Store.Postgres;

/// <summary>
/// The semantic cache in Postgres. Row-level security shows a transaction one tenant's entries, so the tenant is set for each tenant's statements;
/// they travel together.
/// </summary>
internal sealed class PostgresSemanticCache(Database database, TimeProvider time) : ISemanticCache
{
    /// <summary>Entries of one (scope, fingerprint, embedder, guard) that are compared one by one; with more their scope gets an index.</summary>
    public const int ExactScan = 5_000;

    /// <summary>Entries that one transaction deletes.</summary>
    private const int PerTransaction = 1_000;

    private static readonly TimeSpan s_indexing = TimeSpan.FromMinutes(5);

    private readonly ScopeIndexes _indexes = new(time);

    public async Task<IReadOnlyList<IReadOnlyList<SemanticMatch>>> FindAsync(IReadOnlyList<SemanticProbe> probes, int most, CancellationToken cancellationToken)
    {
        if (probes.Count == 0)
            return [];
        List<SemanticMatch>[] found = await database.AskAsync((connection, limit) => FindAsync(connection, probes, most, limit), cancellationToken);
        return found;
    }

    public Task<bool> RejectAsync(string tenant, Guid entry, CancellationToken cancellationToken) =>
        database.AskAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(SemanticSql.Reject + " returning id", tenant, entry).ReadAsync(limit);
            return (await rows.ListAsync(r => r.GetGuid(0), limit)).Count > 0;
        }, cancellationToken);

    public async Task<int> TendAsync(CancellationToken cancellationToken)
    {
        List<string> tenants = await database.DispatchAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(SemanticSql.Tenants).ReadAsync(limit);
            return await rows.ListAsync(r => r.GetString(0), limit);
        }, cancellationToken);
        int expired = 0;
        ExceptionDispatchInfo? failed = null;
        foreach (string tenant in tenants)
        {
            try
            {
                expired += await DeleteExpiredAsync(tenant, cancellationToken);
                foreach ((string cacheNamespace, byte[] fingerprint, string embedder, int dimension) in await LargeAsync(tenant, cancellationToken))
                {
                    await IndexAsync([tenant, cacheNamespace, fingerprint, embedder, dimension], cancellationToken);
                }
            }
            catch (Exception e) when (e is StoreUnavailableException or PostgresException)
            {
                failed ??= ExceptionDispatchInfo.Capture(e); // told when the others are tended
            }
        }
        failed?.Throw();
        return expired;
    }

    private async Task<int> DeleteExpiredAsync(string tenant, CancellationToken cancellationToken)
    {
        int expired = 0;
        while (true)
        {
            long gone = await database.DispatchAsync(async (connection, limit) =>
            {
                await using Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(SemanticSql.DeleteExpired, tenant, PerTransaction).ReadAsync(limit);
                return (await rows.ListAsync(r => r.GetInt64(0), limit))[0];
            }, cancellationToken);
            expired += (int)gone;
            if (gone < PerTransaction)
                return expired;
        }
    }

    private Task<List<(string Namespace, byte[] Fingerprint, string Embedder, int Dimension)>> LargeAsync(string tenant, CancellationToken cancellationToken) =>
        database.DispatchAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(SemanticSql.Large, tenant, (long)ExactScan).ReadAsync(limit);
            return await rows.ListAsync(r => (r.GetString(0), r.GetFieldValue<byte[]>(1), r.GetString(2), r.GetInt32(3)), limit);
        }, cancellationToken);

    /// <summary>Alone in its transaction, and longer than any other statement may take.</summary>
    private async Task IndexAsync(object[] scope, CancellationToken cancellationToken)
    {
        bool made = await database.RunAsync(s_indexing, async (connection, limit) =>
        {
            await using NpgsqlCommand command = new(SemanticSql.Index, connection) { CommandTimeout = (int)s_indexing.TotalSeconds };
            foreach (object value in scope)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }
            return (bool)(await command.ExecuteScalarAsync(limit))!;
        }, cancellationToken);
        if (made)
            _indexes.Forget();
    }

    private async Task<List<SemanticMatch>[]> FindAsync(NpgsqlConnection connection, IReadOnlyList<SemanticProbe> probes, int most, CancellationToken cancellationToken)
    {
        await _indexes.RefreshAsync(connection, cancellationToken);
        (SemanticProbe Probe, int Position)[] all = [.. probes.Select((probe, position) => (probe, position))];
        Commands commands = new(connection);
        int statements = 0;
        foreach (var tenant in all.Where(a => !_indexes.Has(a.Probe)).GroupBy(a => a.Probe.Tenant))
        {
            AddScan(commands.For(Scope.Of(tenant.Key)), tenant.Key, [.. tenant], most);
            statements++;
        }
        // Last: what they set holds for the rest of the transaction.
        (SemanticProbe Probe, int Position)[] indexed = [.. all.Where(a => _indexes.Has(a.Probe))];
        if (indexed.Length > 0)
            commands.Add(SemanticSql.SearchIndexes);
        foreach ((SemanticProbe probe, int position) in indexed)
        {
            commands.For(Scope.Of(probe.Tenant)).Add(SemanticSql.Nearest(probe.Embedding.Length), position, probe.Tenant, probe.Namespace, probe.Fingerprint, probe.EmbedderId, probe.Guard,
                new NpgsqlParameter { Value = probe.Embedding, DataTypeName = "vector" }, probe.MinSimilarity, most);
            statements++;
        }
        List<SemanticMatch>[] found = [.. probes.Select(_ => new List<SemanticMatch>())];
        await using Rows rows = await commands.ReadAsync(cancellationToken);
        for (; statements > 0; statements--)
        {
            await rows.ListAsync(r => Note(found, r), cancellationToken);
            await rows.NextAsync(cancellationToken);
        }
        return found;
    }

    private static void AddScan(Commands commands, string tenant, (SemanticProbe Probe, int Position)[] probes, int most) => commands.Add(SemanticSql.Scan,
        tenant,
        probes.Select(p => p.Position).ToArray(),
        probes.Select(p => p.Probe.Namespace).ToArray(),
        SubmitArrays.Typed([.. probes.Select(p => p.Probe.Fingerprint)], NpgsqlDbType.Bytea),
        probes.Select(p => p.Probe.EmbedderId).ToArray(),
        SubmitArrays.Typed([.. probes.Select(p => p.Probe.Guard)], NpgsqlDbType.Bytea),
        Parameters.Vectors(probes.Select(p => p.Probe.Embedding)),
        probes.Select(p => p.Probe.MinSimilarity).ToArray(),
        most);

    private static bool Note(List<SemanticMatch>[] found, NpgsqlDataReader row)
    {
        found[row.GetInt32(0)].Add(new SemanticMatch(row.GetGuid(1), Math.Clamp(row.GetDouble(2), 0, 1)));
        return true;
    }
}
