using System.Globalization;
using Npgsql;
using Sluice.Store.Postgres;

namespace Sluice.Store.Checking;

/// <summary>
/// One read-only transaction over one snapshot. Takes no lock that a writer would meet; a statement that runs too long is given up, the others go on.
/// The planner is Postgres's own: a check reads whole tables, which the service's settings forbid.
/// </summary>
internal sealed class CheckSession : IAsyncDisposable
{
    private const string ReadOnly = "set transaction isolation level repeatable read, read only";
    private const string Limits = "select set_config('statement_timeout', $1, true), set_config('lock_timeout', '2s', true), set_config('idle_in_transaction_session_timeout', '60s', true), set_config('sluice.check_stuck', $2, true)";
    private readonly NpgsqlConnection _connection;
    private NpgsqlTransaction? _transaction;

    private CheckSession(NpgsqlConnection connection) => _connection = connection;

    /// <summary>Throws <see cref="StoreUnavailableException"/> where the database cannot be reached, <see cref="FormatException"/> for a connection string that is none.</summary>
    public static async Task<CheckSession> OpenAsync(CheckOptions options, CancellationToken cancellationToken)
    {
        CheckSession session = new(new NpgsqlConnection(Connection(options)));
        try
        {
            await session._connection.OpenAsync(cancellationToken);
            session._transaction = await session._connection.BeginTransactionAsync(cancellationToken);
            await session.RunAsync(ReadOnly, [], cancellationToken);
            string timeout = ((long)options.StatementTimeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            string stuck = $"{((long)options.StuckAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture)} seconds";
            await session.RunAsync(Limits, [timeout, stuck], cancellationToken);
            await session.ServeAsync(Scope.All, cancellationToken);
            return session;
        }
        catch (Exception failure) when (failure is not OperationCanceledException && StoreFaults.IsUnavailable(failure))
        {
            await session.DisposeAsync();
            throw new StoreUnavailableException($"The database cannot be reached: {failure.Message}", failure);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whose rows row-level security shows from here on.</summary>
    public Task ServeAsync(string tenant, CancellationToken cancellationToken) => RunAsync(Scope.Sql, [tenant], cancellationToken);

    /// <summary>All rows; null where the statement ran out of time.</summary>
    public async Task<List<T>?> ListAsync<T>(string sql, object[] parameters, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        const string mark = "rule";
        await _transaction!.SaveAsync(mark, cancellationToken);
        try
        {
            await using NpgsqlCommand command = Command(sql, parameters);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            List<T> rows = [];
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(read(reader));
            }
            return rows;
        }
        catch (PostgresException failure) when (failure.SqlState is PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable && !cancellationToken.IsCancellationRequested)
        {
            await _transaction.RollbackAsync(mark, cancellationToken);
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_transaction is not null)
            await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private static string Connection(CheckOptions options)
    {
        try
        {
            NpgsqlConnectionStringBuilder connection = new(options.ConnectionString)
            {
                ApplicationName = "sluice check",
                Pooling = false,
                Timeout = 10,
                CommandTimeout = (int)Math.Ceiling(options.StatementTimeout.TotalSeconds) + 10,
            };
            return connection.Host is { Length: > 0 } ? connection.ConnectionString : throw new FormatException("It names no Host.");
        }
        catch (ArgumentException fault)
        {
            throw new FormatException(fault.Message, fault);
        }
    }

    private async Task RunAsync(string sql, object[] parameters, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Command(string sql, object[] parameters)
    {
        NpgsqlCommand command = new(sql, _connection);
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }
        return command;
    }
}
