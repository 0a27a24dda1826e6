using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>Takes rows out of the outbox, publishes them, and only then commits: what could not be published is there again.</summary>
internal static class OutboxRelay
{
    private const string Take = """
        delete from outbox where id = any(array(select id from outbox order by id limit $1 for update skip locked))
        returning id, kind, job, tenant, model, class, prefix_key, deadline, state, error_code, custom_id, idempotency_key, created_at, trace_parent, jobs
        """;

    public static async Task<int> RunAsync(Database database, int max, Func<IReadOnlyList<OutboxRow>, CancellationToken, Task> publish, CancellationToken cancellationToken)
    {
        // The publisher's own failures must come out as they are, not as the database's.
        Exception? refused = null;
        int published = await database.DispatchAsync(async (connection, limit) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(limit);
            List<OutboxRow> taken;
            await using (Rows rows = await new Commands(connection).For(Scope.All).Add(Take, max).ReadAsync(limit))
            {
                taken = [.. (await rows.ListAsync(Read, limit)).OrderBy(r => r.Id)];
            }
            if (taken.Count == 0)
                return 0;
            try
            {
                Crash.At("relay_before_publish");
                await publish(taken, cancellationToken);
                Crash.At("relay_after_publish");
            }
            catch (Exception failure)
            {
                refused = failure;
                return 0;
            }
            await transaction.CommitAsync(CancellationToken.None);
            Crash.At("relay_after_commit");
            return taken.Count;
        }, cancellationToken);
        if (refused is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(refused);
        return published;
    }

    private static OutboxRow Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Kind = (OutboxKind)row.GetInt16(1),
        Job = new JobId(row.GetGuid(2)),
        Tenant = row.GetString(3),
        Model = row.GetString(4),
        Class = (JobClass)row.GetInt16(5),
        PrefixKey = row.GetInt64(6),
        Deadline = row.TimeOrNull(7),
        State = row.IsDBNull(8) ? null : (JobState)row.GetInt16(8),
        ErrorCode = row.Text(9),
        CustomId = row.Text(10),
        IdempotencyKey = row.Text(11),
        CreatedAt = row.Time(12),
        TraceParent = row.Text(13),
        Jobs = row.IsDBNull(14) ? null : [.. row.GetFieldValue<Guid[]>(14).Select(id => new JobId(id))],
    };
}
