using Microsoft.Extensions.Options;
using Npgsql;
using Sluice.Integration.Tests.Store;
using Sluice.Store;
using Sluice.Store.Postgres;
using Sluice.Tests.Cache;
using Xunit;

namespace Sluice.Integration.Tests.Cache;

/// <summary>The contract, and what only a database can do wrong: rows that a query forgot to keep apart, and indexes that lose entries.</summary>
[Collection(PostgresTests.Name)]
public sealed class PostgresSemanticCacheTests : SemanticCacheContract
{
    private const int Dimension = 64;
    private const string Count = "select count(*) from cache_entries";

    private readonly PostgresDatabase _database;
    private readonly PostgresHost _host;

    public PostgresSemanticCacheTests(PostgresDatabase database)
        : this(database, new PostgresHost(database))
    {
    }

    private PostgresSemanticCacheTests(PostgresDatabase database, PostgresHost host)
        : base(host) => (_database, _host) = (database, host);

    protected override ISemanticCache Cache => field ??= _host.Cache;

    [Fact]
    public async Task Without_a_tenant_set_the_services_role_sees_nothing_and_with_one_only_that_tenants()
    {
        for (int i = 0; i < 5; i++)
        {
            await AnsweredAsync(Asks($"canary {i}", [1, 0]));
        }
        await AnsweredAsync(Asks("theirs", [1, 0], Other));
        string service = _database.ServiceConnectionString;
        Assert.Equal(0L, await ScalarAsync(service, null, Count));
        Assert.Equal(0L, await ScalarAsync(service, "*", Count));
        Assert.Equal(0L, await ScalarAsync(service, "nobody", Count));
        Assert.Equal(5L, await ScalarAsync(service, Tenant, Count));
        Assert.Equal(1L, await ScalarAsync(service, Other, Count));
        Assert.Equal(0L, await ScalarAsync(service, Other, $"with gone as (delete from cache_entries where tenant = '{Tenant}' returning 1) select count(*) from gone"));
        await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(service, Other, $"with moved as (update cache_entries set tenant = '{Tenant}' returning 1) select count(*) from moved"));
        Assert.Equal(5L, await ScalarAsync(service, Tenant, Count));
    }

    [Fact]
    public async Task A_scope_beyond_an_exact_scan_gets_an_index_of_its_own_and_loses_nothing_by_it()
    {
        await CacheFill.RunAsync(_database, Tenant, Dimension, 7_000, guards: 1);
        await CacheFill.RunAsync(_database, Other, Dimension, 7_000, guards: 1);
        await CacheFill.RunAsync(_database, "small", Dimension, 100, guards: 1);
        await AnsweredAsync(Asks("makes the tenant known", [1, 0]));
        float[][] directions = [.. Enumerable.Range(0, 60).Select(seed => CacheFill.Direction(Dimension, seed))];
        SemanticProbe[] probes = [.. directions.Select(d => CacheFill.Probe(Tenant, d))];
        List<Guid[]> before = await NearestAsync(probes);
        Assert.Equal(0L, await ScalarAsync(_database.AdminConnectionString, null, CountIndexes));

        Assert.Equal(700, await Cache.TendAsync(Token));
        await Cache.TendAsync(Token);
        Assert.Equal(1L, await ScalarAsync(_database.AdminConnectionString, null, CountIndexes));
        Assert.Contains(ScopeIndexes.Name(probes[0]), await PlanAsync(probes[0]), StringComparison.Ordinal);

        List<Guid[]> after = await NearestAsync(probes);
        int kept = before.Zip(after, (b, a) => b.Intersect(a).Count()).Sum();
        Assert.True(kept >= 0.95 * before.Sum(b => b.Length), $"{kept} of {before.Sum(b => b.Length)} nearest entries are found through the index.");
        Assert.All(before.Zip(after), pair => Assert.Equal(pair.First.Length, pair.Second.Length));
        // Another tenant of the same fingerprint, which has no index, and one that asks for another guard.
        Assert.All(await NearestAsync([.. directions.Select(d => CacheFill.Probe("small", d))]), found => Assert.Equal(5, found.Length));
        Assert.All(await NearestAsync([.. probes.Select(p => p with { Guard = Hash("another") })]), Assert.Empty);
        Assert.Empty((await NearestAsync(probes)).SelectMany(f => f).Intersect((await NearestAsync([.. directions.Select(d => CacheFill.Probe(Other, d))])).SelectMany(f => f)));
    }

    [Fact]
    public async Task A_scope_whose_guards_are_many_needs_no_index_and_what_expired_goes_in_several_transactions()
    {
        await CacheFill.RunAsync(_database, Tenant, 2, 12_000, guards: 12_000);
        await AnsweredAsync(Asks("makes the tenant known", [1, 0]));
        string own = $"{CountIndexes} and indexname = '{ScopeIndexes.Name(CacheFill.Probe(Tenant, [1, 0]))}'";
        Assert.Equal(1_200, await Cache.TendAsync(Token));
        Assert.Equal(0L, await ScalarAsync(_database.AdminConnectionString, null, own));
        Assert.Equal(0, await Cache.TendAsync(Token));
    }

    [Fact]
    public async Task A_tenant_that_cannot_be_tended_keeps_the_others_from_nothing()
    {
        await CacheFill.RunAsync(_database, Tenant, 2, 10, guards: 10);
        await CacheFill.RunAsync(_database, Other, 2, 10, guards: 10);
        await AnsweredAsync(Asks("makes the tenant known", [1, 0]));
        await AnsweredAsync(Asks("makes the other known", [1, 0], Other));
        StoreOptions options = _database.Options;
        options.DispatchTimeout = TimeSpan.FromSeconds(3);
        await using Database impatient = new(Options.Create(options), TimeProvider.System);
        await using NpgsqlConnection holder = await OpenAsync(_database.AdminConnectionString, Tenant);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        await using NpgsqlCommand hold = new("select from cache_entries where expires_at < now() for update", holder, held);
        await hold.ExecuteNonQueryAsync(Token);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => new PostgresSemanticCache(impatient, TimeProvider.System).TendAsync(Token));
        Assert.Equal(10L, await ScalarAsync(_database.ServiceConnectionString, Other, Count));
        await held.RollbackAsync(Token);
        Assert.Equal(1, await Cache.TendAsync(Token));
    }

    private const string CountIndexes = "select count(*) from pg_indexes where tablename = 'cache_entries' and indexname like 'cache\\_scope\\_%'";

    private async Task<List<Guid[]>> NearestAsync(SemanticProbe[] probes)
    {
        IReadOnlyList<IReadOnlyList<SemanticMatch>> found = await Cache.FindAsync(probes, 5, Token);
        return [.. found.Select(f => f.Select(m => m.Entry).ToArray())];
    }

    /// <summary>How the service's role would run the look-up of a scope that has an index.</summary>
    private async Task<string> PlanAsync(SemanticProbe probe)
    {
        await using NpgsqlConnection connection = await OpenAsync(_database.ServiceConnectionString, probe.Tenant);
        await using NpgsqlCommand settings = new(SemanticSql.SearchIndexes.Replace("true)", "false)", StringComparison.Ordinal), connection);
        await settings.ExecuteNonQueryAsync(Token);
        await using NpgsqlCommand command = new("explain " + SemanticSql.Nearest(probe.Embedding.Length), connection);
        foreach (object value in (object[])[0, probe.Tenant, probe.Namespace, probe.Fingerprint, probe.EmbedderId, probe.Guard])
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        string vector = "[" + string.Join(',', probe.Embedding.Select(x => x.ToString(System.Globalization.CultureInfo.InvariantCulture))) + "]";
        command.CommandText = command.CommandText.Replace("$7", $"'{vector}'", StringComparison.Ordinal).Replace("$8", "0", StringComparison.Ordinal).Replace("$9", "5", StringComparison.Ordinal);
        List<string> lines = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            lines.Add(reader.GetString(0));
        }
        return string.Join('\n', lines);
    }

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString, string? tenant)
    {
        NpgsqlConnection connection = new(connectionString);
        await connection.OpenAsync(Token);
        if (tenant is not null)
        {
            await using NpgsqlCommand scope = new("select set_config('sluice.tenant', $1, false)", connection) { Parameters = { new() { Value = tenant } } };
            await scope.ExecuteNonQueryAsync(Token);
        }
        return connection;
    }

    private static async Task<long> ScalarAsync(string connectionString, string? tenant, string sql)
    {
        await using NpgsqlConnection connection = await OpenAsync(connectionString, tenant);
        await using NpgsqlCommand command = new(sql, connection);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }
}
