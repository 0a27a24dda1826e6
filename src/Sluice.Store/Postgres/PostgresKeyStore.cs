using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>API keys in Postgres. A key is looked up before its tenant is known, so this serves all tenants.</summary>
internal sealed class PostgresKeyStore(Database database) : IKeyStore
{
    private const string Columns = "select id, hash, tenant, scopes, name, created_at from api_keys where revoked_at is null";
    private const string Find = Columns + " and id = $1";
    private const string All = Columns + " order by created_at desc, id";
    private const string Tenant = "insert into tenants (name, created_at) values ($1, now()) on conflict do nothing";

    private const string Insert = """
        insert into api_keys (id, hash, tenant, scopes, name, created_at)
        select $1, $2, $3, $4, n.name, $6 from unnest($5::text[]) n(name) on conflict (id) do nothing returning id
        """;

    private const string Revoke = "update api_keys set revoked_at = now() where id = $1 and revoked_at is null returning id";

    public async Task<ApiKey?> FindAsync(string keyId, CancellationToken cancellationToken)
    {
        List<ApiKey> found = await AskAsync(Find, Read, cancellationToken, keyId);
        return found.Count == 0 ? null : found[0];
    }

    public async Task AddAsync(ApiKey key, CancellationToken cancellationToken)
    {
        Scope.Of(key.Tenant);
        bool added = await database.AskAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.All)
                .Add(Tenant, key.Tenant)
                .Add(Insert, key.Id, key.Hash, key.Tenant, (short)key.Scopes, new[] { key.Name }, key.CreatedAt.ToUniversalTime())
                .ReadAsync(limit);
            return (await rows.ListAsync(r => r.GetString(0), limit)).Count > 0;
        }, cancellationToken);
        if (!added)
            throw new ArgumentException($"There is a key with the id '{key.Id}' already.", nameof(key));
    }

    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken) => await AskAsync(All, Read, cancellationToken);

    public async Task<bool> RevokeAsync(string keyId, CancellationToken cancellationToken) =>
        (await AskAsync(Revoke, r => r.GetString(0), cancellationToken, keyId)).Count > 0;

    private Task<List<T>> AskAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] parameters) =>
        database.AskAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(sql, parameters).ReadAsync(limit);
            return await rows.ListAsync(read, limit);
        }, cancellationToken);

    private static ApiKey Read(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetFieldValue<byte[]>(1), row.GetString(2), (KeyScopes)row.GetInt16(3), row.Text(4), row.Time(5));
}
