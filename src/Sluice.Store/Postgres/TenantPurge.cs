using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>Removes a tenant without a trace: for those that a measurement made for itself. Nothing of the tenant may be in use any more.</summary>
public static class TenantPurge
{
    private const int PerTransaction = 2000;
    private const string Page = "select id from jobs where tenant = $1 order by id limit $2";

    private const string Lines = """
        delete from submission_lines l using (
            select submission, number from submission_lines where submission in (select id from submissions where tenant = $1) limit $2) d
        where l.submission = d.submission and l.number = d.number
        returning l.number
        """;

    // Of $1 jobs; events go after their job.
    private static readonly string[] s_ofJobs =
    [
        "delete from job_inputs where job = any($1)",
        "delete from results where job = any($1)",
        "delete from usage where job = any($1)",
        "delete from outbox where job = any($1)",
        "delete from webhook_deliveries where job = any($1)",
        "delete from jobs where id = any($1)",
        "delete from job_events where job_id = any($1)",
    ];

    // Of $1 tenant.
    private static readonly string[] s_ofTenant =
    [
        "delete from submission_tallies where tenant = $1 and submission in (select id from submissions where tenant = $1)",
        "delete from webhook_deliveries where tenant = $1",
        "delete from submissions where tenant = $1",
        "delete from idempotency_keys where tenant = $1",
        "delete from cache_entries where tenant = $1",
        "delete from api_keys where tenant = $1",
        "delete from tenants where name = $1",
    ];

    /// <summary>Does nothing where the services hold no Postgres store. Throws <see cref="StoreUnavailableException"/> when it cannot be reached; what was removed stays removed.</summary>
    public static async Task RunAsync(IServiceProvider services, string tenant, CancellationToken cancellationToken)
    {
        if (services.GetService<Database>() is not { } database)
            return;
        while (await database.DispatchAsync((connection, limit) => Database.InTransactionAsync(connection, () => RemoveJobsAsync(connection, tenant, limit), limit), cancellationToken) > 0)
        {
        }
        while (await database.DispatchAsync((connection, limit) => RemoveLinesAsync(connection, tenant, limit), cancellationToken) > 0)
        {
        }
        await database.DispatchAsync(async (connection, limit) =>
        {
            Commands commands = new Commands(connection).For(Scope.Of(tenant));
            foreach (string sql in s_ofTenant)
                commands.Add(sql, tenant);
            await commands.RunAsync(limit);
            return true;
        }, cancellationToken);
    }

    private static async Task<int> RemoveLinesAsync(NpgsqlConnection connection, string tenant, CancellationToken cancellationToken)
    {
        await using Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(Lines, tenant, 10 * PerTransaction).ReadAsync(cancellationToken);
        return (await rows.ListAsync(r => r.GetInt32(0), cancellationToken)).Count;
    }

    private static async Task<int> RemoveJobsAsync(NpgsqlConnection connection, string tenant, CancellationToken cancellationToken)
    {
        Guid[] ids;
        await using (Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(Page, tenant, PerTransaction).ReadAsync(cancellationToken))
        {
            ids = [.. await rows.ListAsync(r => r.GetGuid(0), cancellationToken)];
        }
        if (ids.Length == 0)
            return 0;
        Commands commands = new Commands(connection).For(Scope.Of(tenant));
        foreach (string sql in s_ofJobs)
            commands.Add(sql, ids);
        await commands.RunAsync(cancellationToken);
        return ids.Length;
    }
}
