using System.Globalization;
using Npgsql;
using Sluice.Integration.Tests.Store;

namespace Sluice.Integration.Tests.Schedules;

/// <summary>Tables of a company beside ours, in a schema of this test's own.</summary>
internal sealed class Warehouse(PostgresDatabase database) : IAsyncDisposable
{
    public string Schema { get; } = $"w{Guid.NewGuid():N}"[..12];

    /// <summary>As an owner that is no superuser.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder(database.AdminConnectionString) { SearchPath = Schema, Pooling = true, MaxPoolSize = 8 }.ConnectionString;

    public async Task CreateAsync(int tickets)
    {
        await RunAsync($"create schema {Schema}");
        await RunAsync($"create table {Schema}.tickets (id bigint primary key, subject text, body text, score numeric, at timestamptz default now())");
        await RunAsync($"create table {Schema}.labels (ticket_id bigint primary key, label varchar(34), probability double precision, state text, run text, error text)");
        await RunAsync($"create table {Schema}.history (ticket_id bigint, run text, label text, primary key (ticket_id, run))");
        await RunAsync($"insert into {Schema}.tickets (id, subject, body, score) select n * 3, 'subject ' || n, 'body ' || n, n / 7.0 from generate_series(1, {tickets}) n");
    }

    public async Task RunAsync(string sql)
    {
        await using NpgsqlConnection connection = new(database.AdminConnectionString);
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<long> CountAsync(string sql)
    {
        await using NpgsqlConnection connection = new(database.AdminConnectionString);
        await connection.OpenAsync();
        await using NpgsqlCommand command = new($"set search_path = {Schema}; {sql}", connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await RunAsync($"drop schema if exists {Schema} cascade");
    }
}
