using Microsoft.Extensions.DependencyInjection;

namespace Sluice.Store.Postgres;

/// <summary>Tells whether a database is in use: for what may only run on one of its own.</summary>
public static class LivingWorkers
{
    /// <summary>$1 silence.</summary>
    private const string Living = "select name from workers where seen_at > now() - $1 order by seen_at desc limit 1";

    /// <summary>The name of a worker that was heard of lately; null where there is none, or no Postgres store. Throws <see cref="StoreUnavailableException"/> when it cannot be reached.</summary>
    public static async Task<string?> FindAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        if (services.GetService<Database>() is not { } database)
            return null;
        return await database.DispatchAsync(async (connection, limit) =>
        {
            await using Rows rows = await new Commands(connection).Add(Living, new ReconcileOptions().HeartbeatTimeout).ReadAsync(limit);
            return (await rows.ListAsync(r => r.GetString(0), limit)).FirstOrDefault();
        }, cancellationToken);
    }
}
