namespace Sluice.Store.Postgres;

/// <summary>Statements of the semantic cache. The tenant's scope is set before each.</summary>
internal static class SemanticSql
{
    /// <summary>
    /// $1 tenant, $2 positions, $3 namespaces, $4 fingerprints, $5 embedders, $6 guards, $7 embeddings, $8 least similarities, $9 most of each:
    /// compares each probe with every entry that has all of that in common with it.
    /// </summary>
    public const string Scan = """
        select p.position, c.id, c.similarity
        from unnest($2::int[], $3::text[], $4::bytea[], $5::text[], $6::bytea[], $7::vector[], $8::float8[]) p(position, namespace, fingerprint, embedder, guard, embedding, least)
        cross join lateral (
            select e.id, 1 - (e.embedding <=> p.embedding) as similarity, e.created_at from cache_entries e
            where e.tenant = $1 and e.namespace = p.namespace and e.fingerprint = p.fingerprint and e.embedder_id = p.embedder and e.guard = p.guard
                and e.dim = vector_dims(p.embedding) and e.expires_at > now()
            order by similarity desc, e.created_at desc limit $9) c
        where c.similarity >= p.least
        order by p.position, c.similarity desc, c.created_at desc
        """;

    /// <summary>
    /// The statement that a scope's own index serves, for embeddings of this dimension. $1 position, $2 tenant, $3 namespace, $4 fingerprint, $5 embedder, $6 guard,
    /// $7 embedding, $8 least similarity, $9 most. Where few entries have the guard, the planner takes those instead.
    /// </summary>
    public static string Nearest(int dimension) => $"""
        select $1::int, c.id, c.similarity from (
            select e.id, 1 - (e.embedding::vector({dimension}) <=> $7::vector({dimension})) as similarity, e.created_at from cache_entries e
            where e.tenant = $2 and e.namespace = $3 and e.fingerprint = $4 and e.embedder_id = $5 and e.dim = {dimension} and e.guard = $6 and e.expires_at > now()
            order by e.embedding::vector({dimension}) <=> $7::vector({dimension}) limit $9) c
        where c.similarity >= $8
        order by c.similarity desc, c.created_at desc
        """;

    /// <summary>Plans that see the values (an index on one scope serves only where the plan knows that scope), and searches that go on past what a filter leaves out. Ends with the transaction.</summary>
    public const string SearchIndexes = """
        select from (select set_config('plan_cache_mode', 'force_custom_plan', true) as a, set_config('hnsw.iterative_scan', 'strict_order', true) as b,
            set_config('hnsw.ef_search', '100', true) as c) s where s.a is null
        """;

    /// <summary>$1 tenant, $2 entry.</summary>
    public const string Reject = "delete from cache_entries where tenant = $1 and id = $2";

    /// <summary>Names of the indexes that scopes have of their own.</summary>
    public const string Indexes = "select c.relname from pg_class c join pg_index i on i.indexrelid = c.oid where i.indrelid = 'cache_entries'::regclass and c.relname like 'cache\\_scope\\_%' and i.indisvalid";

    /// <summary>Every tenant that has jobs: one step down an index for each. Scope: all.</summary>
    public const string Tenants = """
        with recursive t(tenant) as (
            (select tenant from jobs order by tenant limit 1)
            union all
            select (select j.tenant from jobs j where j.tenant > t.tenant order by j.tenant limit 1) from t where t.tenant is not null)
        select tenant from t where tenant is not null
        """;

    /// <summary>$1 tenant, $2 most.</summary>
    public const string DeleteExpired = """
        with gone as (
            delete from cache_entries where id = any(array(select id from cache_entries where tenant = $1 and expires_at <= now() limit $2)) and tenant = $1 and expires_at <= now()
            returning 1)
        select count(*) from gone
        """;

    /// <summary>
    /// $1 tenant, $2 entries that an exact scan may have: scopes in which a scan would compare more, which are those of one guard. Counts within the index of look-ups;
    /// the dimension, which is not in it, is the embedder's.
    /// </summary>
    public const string Large = """
        select distinct l.namespace, l.fingerprint, l.embedder_id, d.dim
        from (select namespace, fingerprint, embedder_id, guard from cache_entries where tenant = $1 and guard is not null and fingerprint is not null
            group by 1, 2, 3, 4 having count(*) > $2) l
        cross join lateral (select dim from cache_entries e
            where e.tenant = $1 and e.namespace = l.namespace and e.fingerprint = l.fingerprint and e.embedder_id = l.embedder_id and e.guard = l.guard limit 1) d
        """;

    /// <summary>$1 tenant, $2 namespace, $3 fingerprint, $4 embedder, $5 dimension. False: it has its index, or another makes one.</summary>
    public const string Index = "select sluice_index_scope($1, $2, $3, $4, $5)";
}
