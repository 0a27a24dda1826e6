using Npgsql;

namespace Sluice.Integration.Tests.Isolation;

/// <summary>
/// Asks the database, as the service's own role and with SQL that names no tenant, for what another tenant has. The tables are the catalogue's own list.
/// Returns what it got, one sentence each: none on a database that keeps tenants apart.
/// </summary>
/// <param name="Service">The service's role.</param>
/// <param name="Owner">Has rows in every table that belongs to a tenant.</param>
/// <param name="Other">Has rows there too.</param>
internal sealed record RowSecurity(string Service, string Owner, string Other)
{
    /// <summary>Every table with a tenant's name in it, and the column that holds it.</summary>
    private const string Tables = """
        select t.relname, case when t.relname = 'tenants' then 'name' else 'tenant' end from pg_class t
        where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p')
            and (t.relname = 'tenants' or exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'tenant' and not a.attisdropped)) order by 1
        """;

    /// <summary>The other tables: they hold nothing of a tenant's own.</summary>
    private const string Shared = """
        select t.relname from pg_class t where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and t.relname <> 'tenants'
            and not exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'tenant' and not a.attisdropped) order by 1
        """;

    /// <summary>The columns that a row can be written with.</summary>
    private const string Written = "select string_agg(quote_ident(attname), ', ') from pg_attribute where attnum > 0 and not attisdropped and attgenerated = '' and attrelid =";

    public async Task<List<(string Table, string Column)>> TablesAsync() => await ReadAsync(null, Tables, row => (row.GetString(0), row.GetString(1)));

    /// <summary>What the service's role may not update, whatever a policy says.</summary>
    public async Task<List<string>> FrozenAsync()
    {
        List<string> frozen = [];
        foreach ((string table, _) in await TablesAsync())
        {
            if (!(await ReadAsync(null, $"select has_table_privilege('{table}', 'update')", row => row.GetBoolean(0)))[0])
            {
                frozen.Add(table);
            }
        }
        return frozen;
    }

    public async Task<List<string>> SharedAsync() => await ReadAsync(null, Shared, row => row.GetString(0));

    /// <summary>How many attempts were made, on all tables or on this one, and what they got.</summary>
    public async Task<(int Attempts, List<string> Breaches)> ProbeAsync(string? only = null)
    {
        int attempts = 0;
        List<string> breaches = [];
        foreach ((string table, string column) in (await TablesAsync()).Where(t => only is null || t.Table == only))
        {
            string columns = (await ReadAsync(null, $"{Written} '{table}'::regclass", row => row.GetString(0)))[0];
            foreach ((string what, Task<string?> attempt) in Attempts(table, column, columns))
            {
                attempts++;
                if (await attempt is { } got)
                {
                    breaches.Add($"{table}: {what}: {got}");
                }
            }
        }
        return (attempts, breaches);
    }

    private IEnumerable<(string What, Task<string?> Attempt)> Attempts(string table, string column, string columns)
    {
        string foreign = $"from {table} where {column} = '{Owner}'";
        yield return ("without a tenant", Sees(null, $"select count(*) from {table}"));
        yield return ("with an empty tenant", Sees("", $"select count(*) from {table}"));
        yield return ("as nobody", Sees("nobody", $"select count(*) from {table}"));
        yield return ("as nobody in other letters", Sees(Owner.ToUpperInvariant(), $"select count(*) from {table}"));
        yield return ("with a pattern", Sees("%", $"select count(*) from {table}"));
        yield return ("as another, all", Sees(Other, $"select count(*) from {table} where {column} <> '{Other}'"));
        yield return ("as another, by name", Sees(Other, $"select count(*) {foreign}"));
        yield return ("as another, through a join", Sees(Other, $"select count(*) from {table} a left join {table} b on a.{column} = b.{column} where a.{column} <> '{Other}'"));
        yield return ("as another, through an aggregate", Sees(Other, $"select count(*) from (select {column} from {table} group by {column}) g where {column} <> '{Other}'"));
        yield return ("as another, deleting", Changes(Other, $"delete {foreign}"));
        yield return ("as another, changing", Changes(Other, $"update {table} set {column} = {column} where {column} = '{Owner}'"));
        // a job that has ended is held by a trigger, which would speak before the policy
        yield return ("as another, giving its own away", Changes(Other, $"update {table} set {column} = '{Owner}'{(table == "jobs" ? " where state < 2" : "")}"));
        yield return ("as another, taking all", Takes(table, column));
        yield return ("as another, adding", Changes(Other, $"insert into {table} ({columns}) overriding system value select {columns} from (select (jsonb_populate_record(null::{table}, to_jsonb(x) || '{{\"{column}\":\"{Owner}\"}}')).* from {table} x limit 1) y"));
        yield return ("with row security off", Sees(Other, $"set local row_security = off; select count(*) from {table}"));
        yield return ("with row security taken off", Changes(Other, $"alter table {table} disable row level security"));
        yield return ("as the owner of the table", Changes(Other, $"alter table {table} owner to current_user"));
    }

    /// <summary>A count that must be 0, or refused.</summary>
    private async Task<string?> Sees(string? tenant, string sql)
    {
        try
        {
            long seen = (await ReadAsync(tenant, sql, row => row.GetInt64(0)))[0];
            return seen == 0 ? null : $"{seen} rows";
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return null;
        }
    }

    /// <summary>Without a condition, which would bring the policies of reading in: only the rows that are its own may be reached.</summary>
    private async Task<string?> Takes(string table, string column)
    {
        long own = (await ReadAsync(Other, $"select count(*) from {table} where {column} = '{Other}'", row => row.GetInt64(0)))[0];
        return await Changes(Other, $"update {table} set {column} = '{Other}'", own);
    }

    /// <summary>A change that must reach <paramref name="own"/> rows, or be refused for want of a right. Any other refusal hides what a policy would have said.</summary>
    private async Task<string?> Changes(string tenant, string sql, long own = 0)
    {
        await using NpgsqlConnection connection = new(Service);
        await connection.OpenAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await SetAsync(connection, tenant);
        try
        {
            await using NpgsqlCommand command = new(sql, connection);
            int changed = await command.ExecuteNonQueryAsync();
            return changed == own ? null : changed < 0 ? "done" : $"{changed} rows";
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return null; // by a policy or a missing right
        }
        catch (PostgresException e)
        {
            return $"stopped by {e.SqlState} {e.MessageText}, not by a policy";
        }
    }

    private async Task<List<T>> ReadAsync<T>(string? tenant, string sql, Func<NpgsqlDataReader, T> read)
    {
        await using NpgsqlConnection connection = new(Service);
        await connection.OpenAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await SetAsync(connection, tenant);
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        List<T> rows = [];
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }
        return rows;
    }

    private static async Task SetAsync(NpgsqlConnection connection, string? tenant)
    {
        if (tenant is not null)
        {
            await using NpgsqlCommand scope = new("select set_config('sluice.tenant', $1, true)", connection) { Parameters = { new() { Value = tenant } } };
            await scope.ExecuteScalarAsync();
        }
    }
}
