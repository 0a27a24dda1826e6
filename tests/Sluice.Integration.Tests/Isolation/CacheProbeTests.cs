using System.Globalization;
using System.Text.Json;
using Npgsql;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Store.Postgres;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Isolation;

/// <summary>Ten thousand attempts on a thousand answers of another tenant; the owner finds every one of them.</summary>
[Collection(PostgresTests.Name)]
public sealed class CacheProbeTests : StoreContract
{
    private const int Owned = 1_000;
    private const int Dimension = 16;
    private readonly PostgresDatabase _database;
    private readonly PostgresHost _host;

    public CacheProbeTests(PostgresDatabase database)
        : this(database, new PostgresHost(database))
    {
    }

    private CacheProbeTests(PostgresDatabase database, PostgresHost host)
        : base(host) => (_database, _host) = (database, host);

    [Fact]
    public async Task Ten_thousand_probes_get_nothing_and_a_thousand_own_questions_their_own_answers()
    {
        CacheProbes probes = await ProbesAsync(Store, _host.Cache, Owned);
        await probes.RunAsync(Token);
        Console.WriteLine($"cache probes: {probes.Tried} tried, {probes.Leaks.Count} leaks; own: {probes.OwnSemantic} by meaning and {probes.OwnExact} by text of {Owned}");
        Assert.Empty(probes.Leaks);
        Assert.Equal((10 * Owned, Owned, Owned), (probes.Tried, probes.OwnSemantic, probes.OwnExact));
    }

    /// <summary>The tests of this test: a cache that one may look into, and one that is empty.</summary>
    [Fact]
    public async Task A_cache_that_shares_and_one_that_forgets_are_found_out()
    {
        CacheProbes shared = await ProbesAsync(Store, new Shares(_host.Cache, Tenant), 20);
        await shared.RunAsync(Token);
        Assert.True(shared.Leaks.Count >= 20, $"{shared.Leaks.Count} leaks");
        CacheProbes forgotten = await ProbesAsync(Store, new Forgets(_host.Cache), 20);
        await forgotten.RunAsync(Token);
        Assert.Empty(forgotten.Leaks);
        Assert.Equal(0, forgotten.OwnSemantic);
    }

    /// <summary>What the database looks at for a stranger is the same whether or not the owner's very answer is there, so that not even work tells of it.</summary>
    [Fact]
    public async Task A_foreign_entry_saves_and_costs_a_stranger_no_row()
    {
        NewJob[] theirs = [.. await AnsweredAsync(Other, 40)];
        SemanticProbe probe = Probe(Asks(7, Other));
        long without = await ScannedAsync(probe);
        await AnsweredAsync(Tenant, Owned);
        long with = await ScannedAsync(probe), own = await ScannedAsync(probe with { Tenant = Tenant });
        Console.WriteLine($"rows scanned for a stranger: {without} without and {with} with {Owned} entries of the owner; for the owner {own}");
        Assert.Equal(without, with);
        Assert.InRange(without, 1, theirs.Length);
        Assert.InRange(own, Owned, 2 * Owned);
    }

    private static SemanticProbe Probe(NewJob job) => new()
    {
        Tenant = job.Tenant,
        Namespace = job.Namespace,
        Fingerprint = job.Fingerprint!,
        EmbedderId = job.EmbedderId!,
        Embedding = job.Embedding!,
        Guard = job.Guard!,
        MinSimilarity = 0.999,
    };

    private static NewJob Asks(int number, string tenant)
    {
        Random random = new(number);
        float[] direction = [.. Enumerable.Range(0, Dimension).Select(_ => random.NextSingle() - 0.5f)];
        float length = MathF.Sqrt(direction.Sum(x => x * x));
        return Twin($"question {number}", tenant) with { Embedding = [.. direction.Select(x => x / length)], MinSimilarity = 0.5 };
    }

    private static string Canary(int number, string tenant) => $"canary-{tenant}-{number}";

    private async Task<CacheProbes> ProbesAsync(IJobStore store, ISemanticCache cache, int count)
    {
        await _database.EmptyAsync();
        NewJob[] owned = [.. await AnsweredAsync(Tenant, count)];
        return new CacheProbes(store, cache, owned, Other) { Canaries = [.. Enumerable.Range(0, count).Select(i => Canary(i, Tenant))] };
    }

    /// <summary>Jobs that have been answered, each with its canary.</summary>
    private async Task<List<NewJob>> AnsweredAsync(string tenant, int count)
    {
        Guid worker = await WorkerAsync($"w-{tenant}");
        List<NewJob> all = [];
        foreach (int[] some in Enumerable.Range(0, count).Chunk(250))
        {
            NewJob[] jobs = [.. some.Select(i => Asks(i, tenant))];
            all.AddRange(jobs);
            JobId[] ids = [.. jobs.Select(job => job.Id)];
            Assert.All(await Store.SubmitAsync(jobs, Token), result => Assert.Equal(SubmitOutcome.Queued, result.Outcome));
            await Store.ReserveAsync(worker, ids, Token);
            Dictionary<JobId, int> numbers = some.Zip(ids).ToDictionary(pair => pair.Second, pair => pair.First);
            JobOutcome[] outcomes = [.. (await Store.ClaimAsync(worker, ids, Token)).Select(job => new JobOutcome { Fence = job.Fence, State = JobState.Succeeded, Result = Answer(Canary(numbers[job.Id], tenant)) })];
            Assert.Equal(some.Length, (await Store.FinishAsync(worker, outcomes, Token)).Count(written => written));
        }
        return all;
    }

    /// <summary>Rows that the look-up's plan touches in the table, as the service's role and within the probe's tenant.</summary>
    private async Task<long> ScannedAsync(SemanticProbe probe)
    {
        await using NpgsqlConnection connection = new(_database.ServiceConnectionString);
        await connection.OpenAsync(Token);
        await using NpgsqlCommand scope = new("select set_config('sluice.tenant', $1, false)", connection) { Parameters = { new() { Value = probe.Tenant } } };
        await scope.ExecuteNonQueryAsync(Token);
        string vector = "[" + string.Join(',', probe.Embedding.Select(x => x.ToString(CultureInfo.InvariantCulture))) + "]";
        string sql = SemanticSql.Scan.Replace("$7::vector[]", $"array['{vector}'::vector]", StringComparison.Ordinal).Replace("$8", "$7", StringComparison.Ordinal).Replace("$9", "$8", StringComparison.Ordinal);
        await using NpgsqlCommand command = new($"explain (analyze, format json, timing off) {sql}", connection);
        foreach (object value in (object[])[probe.Tenant, (int[])[0], (string[])[probe.Namespace], (byte[][])[probe.Fingerprint], (string[])[probe.EmbedderId], (byte[][])[probe.Guard], (double[])[probe.MinSimilarity], 5L])
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        using JsonDocument plan = JsonDocument.Parse((string)(await command.ExecuteScalarAsync(Token))!);
        return Scanned(plan.RootElement[0].GetProperty("Plan"));
    }

    private static long Scanned(JsonElement node)
    {
        long rows = node.TryGetProperty("Relation Name", out JsonElement relation) && relation.GetString() == "cache_entries"
            ? Of("Actual Rows") + Of("Rows Removed by Filter") + Of("Rows Removed by Index Recheck")
            : 0;
        return rows + (node.TryGetProperty("Plans", out JsonElement below) ? below.EnumerateArray().Sum(Scanned) : 0);

        long Of(string name) => node.TryGetProperty(name, out JsonElement value) ? (long)value.GetDouble() * (long)node.GetProperty("Actual Loops").GetDouble() : 0;
    }

    /// <summary>Whoever asks is taken for the owner.</summary>
    private sealed class Shares(ISemanticCache inner, string owner) : ISemanticCache
    {
        public Task<IReadOnlyList<IReadOnlyList<SemanticMatch>>> FindAsync(IReadOnlyList<SemanticProbe> probes, int most, CancellationToken cancellationToken) =>
            inner.FindAsync([.. probes.Select(probe => probe with { Tenant = owner })], most, cancellationToken);

        public Task<bool> RejectAsync(string tenant, Guid entry, CancellationToken cancellationToken) => inner.RejectAsync(owner, entry, cancellationToken);

        public Task<int> TendAsync(CancellationToken cancellationToken) => inner.TendAsync(cancellationToken);
    }

    /// <summary>Finds nothing.</summary>
    private sealed class Forgets(ISemanticCache inner) : ISemanticCache
    {
        public Task<IReadOnlyList<IReadOnlyList<SemanticMatch>>> FindAsync(IReadOnlyList<SemanticProbe> probes, int most, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<IReadOnlyList<SemanticMatch>>>([.. probes.Select(_ => Array.Empty<SemanticMatch>())]);

        public Task<bool> RejectAsync(string tenant, Guid entry, CancellationToken cancellationToken) => inner.RejectAsync(tenant, entry, cancellationToken);

        public Task<int> TendAsync(CancellationToken cancellationToken) => inner.TendAsync(cancellationToken);
    }
}
