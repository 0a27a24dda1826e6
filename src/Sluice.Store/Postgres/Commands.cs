using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>Statements that travel together: one round trip, and one transaction where none is open.</summary>
internal sealed class Commands(NpgsqlConnection connection)
{
    private readonly NpgsqlBatch _batch = connection.CreateBatch();

    /// <summary>The tenant that the statements after this one serve.</summary>
    public Commands For(string tenant) => Add(Scope.Sql, tenant);

    /// <summary>Parameters are $1, $2, …; a <see cref="NpgsqlParameter"/> is taken as it is.</summary>
    public Commands Add(string sql, params ReadOnlySpan<object?> parameters)
    {
        NpgsqlBatchCommand command = _batch.CreateBatchCommand();
        command.CommandText = sql;
        foreach (object? parameter in parameters)
        {
            command.Parameters.Add(parameter as NpgsqlParameter ?? new NpgsqlParameter { Value = parameter ?? DBNull.Value });
        }
        _batch.BatchCommands.Add(command);
        return this;
    }

    /// <summary>Stands on the rows of the first statement that returns any columns.</summary>
    public async Task<Rows> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            Rows rows = new(_batch, await _batch.ExecuteReaderAsync(cancellationToken));
            await rows.SkipScopesAsync(cancellationToken);
            return rows;
        }
        catch
        {
            await _batch.DisposeAsync();
            throw;
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = _batch;
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>Whom a transaction serves, for row-level security.</summary>
internal static class Scope
{
    /// <summary>Dispatch, which spans tenants.</summary>
    public const string All = "*";

    /// <summary>Returns no columns, by which readers know to pass over it.</summary>
    public const string Sql = "select from set_config('sluice.tenant', $1, true) as s where s is null";

    /// <summary>A tenant's own name, never the one that means all.</summary>
    public static string Of(string tenant) =>
        tenant is "" or All ? throw new ArgumentException($"'{tenant}' cannot be a tenant.", nameof(tenant)) : tenant;
}
