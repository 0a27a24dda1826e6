using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>Empties what a person wrote or got. The job's row stays, with its states and times, so that what was accepted can be accounted for.</summary>
internal static class EraseTransaction
{
    private const string Lock = "select id from jobs where tenant = $1 and id = $2 for update";

    /// <summary>An entry of the same key answers the same words, whichever job it came from.</summary>
    private const string Cache = """
        delete from cache_entries c using jobs j
        where j.tenant = $1 and j.id = $2 and c.tenant = j.tenant and c.namespace = j.namespace and c.exact_key = j.exact_key
        """;

    private const string Input = "delete from job_inputs where tenant = $1 and job = $2";
    private const string Result = "delete from results where tenant = $1 and job = $2";
    /// <summary>$3 the number in the job's id.</summary>
    private const string Line = """
        update submission_lines l set request = null, custom_id = null from jobs j
        where j.tenant = $1 and j.id = $2 and l.tenant = $1 and l.submission = j.submission and l.number = $3
        """;

    /// <summary>Bodies hold what the sender called the job; one that is still to be sent is composed without it.</summary>
    private const string Webhooks = "update webhook_deliveries set body = null where tenant = $1 and job = $2";

    private const string Empty = """
        update jobs set custom_id = null, idempotency_key = null, exact_key = null, fingerprint = null, error_message = case when error_message is not null then '' end
        where tenant = $1 and id = $2
        """;

    /// <summary>False where the tenant has no such job. A live one was cancelled before, in the same transaction.</summary>
    public static async Task<bool> RunAsync(NpgsqlConnection connection, string tenant, Guid id, CancellationToken cancellationToken)
    {
        await using (Rows rows = await new Commands(connection).For(Scope.Of(tenant)).Add(Lock, tenant, id).ReadAsync(cancellationToken))
        {
            if ((await rows.ListAsync(r => r.GetGuid(0), cancellationToken)).Count == 0)
                return false;
        }
        await new Commands(connection).Add(Cache, tenant, id).Add(Input, tenant, id).Add(Result, tenant, id).Add(Line, tenant, id, SubmissionJobs.LineOf(new JobId(id))).Add(Webhooks, tenant, id).Add(Empty, tenant, id).RunAsync(cancellationToken);
        return true;
    }
}
