using Npgsql;
using Sluice.Integration.Tests.Store;
using Sluice.Store;

namespace Sluice.Integration.Tests.Cache;

/// <summary>Many entries of one scope, put in by SQL: random directions, each tenth expired.</summary>
internal static class CacheFill
{
    /// <summary>$1 tenant, $2 entries, $3 dimension, $4 guards, dealt out in turn.</summary>
    private const string Insert = """
        insert into cache_entries (id, tenant, namespace, exact_key, fingerprint, model, model_revision, source_job, outputs, prompt_tokens, cached_tokens, generated_tokens,
            drafted_tokens, accepted_tokens, embedding, dim, embedder_id, guard, created_at, expires_at)
        select gen_random_uuid(), $1, 'default', sha256(convert_to(g::text, 'UTF8')), '\x01', 'm', 'r', gen_random_uuid(), '[]', 1, 0, 1, 0, 0,
            (array_agg(random() - 0.5))::real[]::vector, $3, 'e', int4send(g % $4), now(), now() + case when g % 10 = 0 then interval '-1 minute' else interval '1 hour' end
        from generate_series(1, $2) g, generate_series(1, $3) i group by g
        """;

    public static async Task RunAsync(PostgresDatabase database, string tenant, int dimension, int entries, int guards)
    {
        await using NpgsqlConnection connection = new(database.AdminConnectionString);
        await connection.OpenAsync();
        await using NpgsqlCommand scope = new("select set_config('sluice.tenant', $1, false)", connection) { Parameters = { new() { Value = tenant } } };
        await scope.ExecuteNonQueryAsync();
        await using NpgsqlCommand insert = new(Insert, connection)
        {
            Parameters = { new() { Value = tenant }, new() { Value = entries }, new() { Value = dimension }, new() { Value = guards } },
            CommandTimeout = 300,
        };
        await insert.ExecuteNonQueryAsync();
        await using NpgsqlCommand analyze = new("analyze cache_entries", connection);
        await analyze.ExecuteNonQueryAsync();
    }

    public static SemanticProbe Probe(string tenant, float[] embedding, int guard = 0) => new()
    {
        Tenant = tenant,
        Namespace = "default",
        Fingerprint = [1],
        EmbedderId = "e",
        Embedding = embedding,
        Guard = [0, 0, (byte)(guard >> 8), (byte)guard],
        MinSimilarity = 0,
    };

    public static float[] Direction(int dimension, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, dimension).Select(_ => random.NextSingle() - 0.5f)];
    }
}
