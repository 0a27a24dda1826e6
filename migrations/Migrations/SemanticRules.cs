namespace Sluice.Migrations.Migrations;

/// <summary>What EF cannot say about the semantic cache.</summary>
internal static class SemanticRules
{
    /// <summary>
    /// Gives one scope an HNSW index of its own: partial, so that no foreign entry is in it. The service's role may not create indexes; this runs as the schema's owner
    /// and creates nothing else. Writers of cache entries wait while it builds (once per scope), readers do not. At most 64, for each costs every insert a look at its condition.
    /// One caller at a time; another gets false, as does a scope that has its index.
    /// </summary>
    public const string IndexScope = """
        create function sluice_index_scope(a_tenant text, a_namespace text, a_fingerprint bytea, an_embedder text, a_dim int) returns boolean
        language plpgsql security definer set search_path = pg_catalog, public set lock_timeout = '2s' as $$
        declare
            name text := 'cache_scope_' || left(encode(sha256(convert_to(
                a_tenant || chr(31) || a_namespace || chr(31) || encode(a_fingerprint, 'hex') || chr(31) || an_embedder || chr(31) || a_dim::text, 'UTF8')), 'hex'), 32);
        begin
            if a_dim not between 1 and 2000 or not pg_try_advisory_xact_lock(7308604896573153651)
                or (select count(*) >= 64 or bool_or(relname = name) from pg_class where relname like 'cache\_scope\_%' and relkind = 'i') then
                return false;
            end if;
            execute format('create index %I on public.cache_entries using hnsw ((embedding::public.vector(%s)) public.vector_cosine_ops) where tenant = %L and namespace = %L and fingerprint = %L and embedder_id = %L and dim = %s',
                name, a_dim, a_tenant, a_namespace, a_fingerprint, an_embedder, a_dim);
            analyze public.cache_entries;
            return true;
        end $$;
        revoke all on function sluice_index_scope(text, text, bytea, text, int) from public;
        grant execute on function sluice_index_scope(text, text, bytea, text, int) to sluice_service;
        """;

    public const string Undo = """
        do $$
        declare name text;
        begin
            for name in select relname from pg_class where relname like 'cache\_scope\_%' and relkind = 'i' loop
                execute format('drop index %I', name);
            end loop;
        end $$;
        drop function if exists sluice_index_scope(text, text, bytea, text, int);
        """;
}
