using System.Globalization;
using Npgsql;
using Sluice.Chaos.Children;

namespace Sluice.Chaos.Scenarios;

/// <summary>Looks into the database past all proxies, as the service's role.</summary>
internal sealed class Ledger(string database)
{
    private readonly string _connection = database + ";Timeout=5;Command Timeout=10;Pooling=false";

    public string ConnectionString => _connection;

    /// <summary>Keys that came over the bus.</summary>
    public Task<long> FromBusAsync() => CountAsync($"select count(*) from idempotency_keys where tenant = '{Fleet.BusTenant}'");

    /// <summary>Jobs queued or running.</summary>
    public Task<long> LiveAsync() => CountAsync("select count(*) from jobs where live");

    /// <summary>
    /// What is still to be published or told. A webhook whose second try fails is due minutes later: it is made due now, for a schedule of days is not what is tried here. What is being
    /// sent has a lease of a minute and is left alone: made due, it would be sent again beside itself, and neither outcome recorded.
    /// </summary>
    public Task<long> UnsentAsync() => CountAsync("""
        with hurried as (update webhook_deliveries set next_at = now() where state = 0 and next_at > now() + interval '90 seconds')
        select (select count(*) from outbox) + (select count(*) from webhook_deliveries where state = 0)
        """);

    /// <summary>Longest time in which no job ended, of those before the last did.</summary>
    public Task<double> LongestPauseAsync() => ReadAsync(
        "select coalesce(max(extract(epoch from at - before)), 0)::float8 from (select finished_at as at, lag(finished_at) over (order by finished_at) as before from jobs where not live) ends", reader => reader.GetDouble(0));

    /// <summary>How often jobs that succeeded were begun, at the mean; those from the cache left out.</summary>
    public Task<double> MeanRunsAsync() => ReadAsync("select coalesce(round(avg(claims), 4), 0)::float8 from jobs where state = 2 and claims > 0", reader => reader.GetDouble(0));

    /// <summary>Of this role, that have done nothing for ten seconds.</summary>
    public Task<long> OpenTransactionsAsync() => CountAsync("select count(*) from pg_stat_activity where usename = current_user and state like 'idle in transaction%' and state_change < now() - interval '10 seconds'");

    public Task<long> CountAsync(string sql) => ReadAsync(sql, reader => reader.GetInt64(0));

    /// <summary>What a worker held and ran, and what time it is; null where the database is away.</summary>
    public async Task<Hand?> HandOfAsync(string worker)
    {
        try
        {
            return await ReadAsync(
                $"select now(), coalesce(array_agg(j.id) filter (where j.state = 0), '{{}}'), coalesce(array_agg(j.id) filter (where j.state = 1), '{{}}') from jobs j join workers w on w.id = j.held_by where j.live and w.name = '{worker}'",
                reader => new Hand(reader.GetFieldValue<DateTimeOffset>(0), reader.GetFieldValue<Guid[]>(1), reader.GetFieldValue<Guid[]>(2)));
        }
        catch (Exception e) when (IsAway(e))
        {
            return null;
        }
    }

    /// <summary>Seconds from then to the end of the last of these jobs.</summary>
    public async Task<double> RecoveryAsync(DateTimeOffset from, Guid[] jobs)
    {
        string ids = string.Join(',', jobs.Select(id => $"'{id}'"));
        return await ReadAsync($"select extract(epoch from coalesce(max(finished_at), now()))::float8 from jobs where id in ({ids})", reader => reader.GetDouble(0)) - (from.ToUnixTimeMilliseconds() / 1000.0);
    }

    /// <summary>Jobs by how they ended, <c>failed:poison</c>.</summary>
    public async Task<Dictionary<string, long>> EndsAsync()
    {
        Dictionary<string, long> ends = [];
        await ReadAsync("select (array['queued', 'running', 'succeeded', 'failed', 'expired', 'cancelled'])[state + 1] || case when state = 3 then ':' || coalesce(error_code, '') else '' end, count(*) from jobs group by 1", reader =>
        {
            do
            {
                ends[reader.GetString(0)] = reader.GetInt64(1);
            }
            while (reader.Read());
            return 0;
        });
        return ends;
    }

    /// <summary>The database was killed, or does not answer.</summary>
    public static bool IsAway(Exception e) => e is NpgsqlException or TimeoutException or ObjectDisposedException or IOException;

    /// <summary>Given up from outside, too: a connection whose server is killed at the wrong moment has been seen to wait for ever.</summary>
    private Task<T> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read) => Task.Run(() => ReadNowAsync(sql, read)).WaitAsync(TimeSpan.FromSeconds(15));

    private async Task<T> ReadNowAsync<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        await using NpgsqlConnection connection = new(_connection);
        await connection.OpenAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await using (NpgsqlCommand scope = new("select set_config('sluice.tenant', '*', true)", connection))
        {
            await scope.ExecuteNonQueryAsync();
        }
        T answer;
        await using (NpgsqlCommand command = new(sql, connection))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync())
        {
            answer = await reader.ReadAsync() ? read(reader) : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"No row: {sql}"));
        }
        await transaction.CommitAsync(); // what was made due stays so
        return answer;
    }
}

/// <summary>What a worker had in hand.</summary>
/// <param name="At">By the database's clock.</param>
/// <param name="Held">Reserved for it, not begun.</param>
/// <param name="Running">Begun.</param>
internal sealed record Hand(DateTimeOffset At, Guid[] Held, Guid[] Running);
