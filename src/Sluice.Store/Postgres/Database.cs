using Microsoft.Extensions.Options;
using Npgsql;
using Sluice.Store.Vectors;

namespace Sluice.Store.Postgres;

/// <summary>
/// The connections, and what every call has in common: a time limit that covers connecting, repeats where Postgres asks for them (40001, 40P01),
/// and <see cref="StoreUnavailableException"/> where it cannot be reached.
/// </summary>
internal sealed class Database : IAsyncDisposable
{
    private const int Attempts = 6;
    private readonly StoreOptions _options;
    private readonly TimeProvider _time;

    public Database(IOptions<StoreOptions> options, TimeProvider time)
    {
        _options = options.Value;
        _time = time;
        Source = Open(_options);
    }

    public NpgsqlDataSource Source { get; }

    /// <summary>For a caller who waits.</summary>
    public Task<T> AskAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken) => RunAsync(_options.CommandTimeout, work, cancellationToken);

    /// <summary>For dispatch.</summary>
    public Task<T> DispatchAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken) => RunAsync(_options.DispatchTimeout, work, cancellationToken);

    /// <summary>Runs the work in a transaction of its own; more than one round trip.</summary>
    public static async Task<T> InTransactionAsync<T>(NpgsqlConnection connection, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        T result = await work();
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    /// <summary>Also for reading schema and settings at start.</summary>
    public async Task<T> RunAsync<T>(TimeSpan limit, Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timer = new(limit, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await using NpgsqlConnection connection = await Source.OpenConnectionAsync(either.Token);
                return await work(connection, either.Token);
            }
            catch (Exception failure) when (attempt < Attempts && !either.IsCancellationRequested && StoreFaults.MayRepeat(failure))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 5 * attempt)), _time, either.Token);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested && StoreFaults.IsUnavailable(failure))
            {
                throw new StoreUnavailableException(timer.IsCancellationRequested
                    ? $"The database did not answer within {limit.TotalSeconds:0.###} s (Store:CommandTimeout, Store:DispatchTimeout)."
                    : "The database cannot be reached.", failure);
            }
        }
    }

    private static NpgsqlDataSource Open(StoreOptions options)
    {
        NpgsqlConnectionStringBuilder connection = new(options.ConnectionString)
        {
            MaxPoolSize = options.MaxConnections,
            ApplicationName = "sluice",
            // Settings are made by set_config(…, true) only and end with their transaction.
            NoResetOnClose = true,
            MaxAutoPrepare = 128,
            AutoPrepareMinUsages = 2,
            Timeout = (int)Math.Ceiling(options.CommandTimeout.TotalSeconds),
            CommandTimeout = (int)Math.Ceiling(options.DispatchTimeout.TotalSeconds) + 1,
            CancellationTimeout = 200,
            KeepAlive = 30,
            // Every statement goes by an index. One plan for arrays of any length, made without regard to how full the tables were when it was made:
            // a plan from an empty table would scan the full one until the next analyze.
            Options = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off",
        };
        NpgsqlDataSourceBuilder builder = new(connection.ConnectionString);
        builder.UseVector();
        return builder.Build();
    }
}
