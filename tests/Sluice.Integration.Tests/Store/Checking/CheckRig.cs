using Npgsql;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Store.Checking;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Store.Checking;

/// <summary>A database with a job of every fate, all in order, and a way to break it past the triggers and row-level security that would refuse.</summary>
public abstract class CheckRig(PostgresDatabase database) : SubmissionStepsContract(new PostgresHost(database))
{
    private const string Open = """
        alter table jobs disable trigger user; alter table job_events disable trigger user; alter table results disable trigger user;
        alter table cache_entries no force row level security
        """;

    private const string Close = """
        alter table jobs enable trigger user; alter table job_events enable trigger user; alter table results enable trigger user;
        alter table cache_entries force row level security
        """;

    protected PostgresDatabase Postgres => database;

    /// <summary>Succeeded, with a webhook, a cache entry and the key <c>done</c>.</summary>
    protected JobId Done { get; private set; }

    /// <summary>Queued, with the key <c>waiting</c>.</summary>
    protected JobId Waiting { get; private set; }

    /// <summary>Failed; the other tenant's.</summary>
    protected JobId Failed { get; private set; }
    protected JobId Expired { get; private set; }

    protected async Task FillAsync()
    {
        Guid worker = await WorkerAsync();
        NewJob done = Twin();
        done = done with { IdempotencyKey = "done", RequestHash = Hash("a"), Request = done.Request with { Webhook = new WebhookRequest { Url = "https://example.org/hook" } } };
        NewJob waiting = Job("later") with { IdempotencyKey = "waiting", RequestHash = Hash("b") };
        NewJob failed = Twin("bad", Other);
        NewJob expired = Job("late") with { Deadline = TimeProvider.System.GetUtcNow().AddMilliseconds(200) };
        NewJob cancelled = Job("never");
        NewJob other = Twin("good", Other);
        await Store.SubmitAsync([done, waiting, failed, expired, cancelled, other], Token);
        await SucceedAsync(worker, (await RunAsync(worker, done.Id)).Fence);
        await SucceedAsync(worker, (await RunAsync(worker, other.Id)).Fence, "another answer");
        await FailAsync(worker, (await RunAsync(worker, failed.Id)).Fence);
        await Store.CancelAsync(Tenant, cancelled.Id, Token);
        await Task.Delay(250, Token);
        await Store.ReconcileAsync(new ReconcileOptions(), Token);
        Assert.Equal(JobState.Expired, (await GetAsync(expired.Id)).State);
        (Done, Waiting, Failed, Expired) = (done.Id, waiting.Id, failed.Id, expired.Id);
    }

    /// <summary>$done, $waiting, $failed and $expired stand for ids.</summary>
    protected async Task BreakAsync(string sql)
    {
        sql = sql.Replace("$done", $"'{Done.Value}'", StringComparison.Ordinal).Replace("$waiting", $"'{Waiting.Value}'", StringComparison.Ordinal)
            .Replace("$failed", $"'{Failed.Value}'", StringComparison.Ordinal).Replace("$expired", $"'{Expired.Value}'", StringComparison.Ordinal);
        await using NpgsqlConnection connection = new(database.AdminConnectionString);
        await connection.OpenAsync(Token);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Token);
        foreach (string statement in (string[])[Open, "select set_config('sluice.tenant', '*', true)", sql, Close])
        {
            await using NpgsqlCommand command = new(statement, connection);
            int changed = await command.ExecuteNonQueryAsync(Token);
            Assert.True(statement != sql || changed > 0, $"It changed nothing: {sql}");
        }
        await transaction.CommitAsync(Token);
    }

    /// <summary>Nobody reads the table until what is returned is disposed.</summary>
    protected async Task<IAsyncDisposable> LockAsync(string table)
    {
        NpgsqlConnection connection = new(database.AdminConnectionString);
        await connection.OpenAsync(Token);
        await using NpgsqlCommand command = new($"begin; lock table {table} in access exclusive mode", connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }

    protected Task<CheckReport> CheckAsync(ClientLog? log = null, bool drained = false, string? connectionString = null) =>
        JobCheck.RunAsync(new CheckOptions { ConnectionString = connectionString ?? database.ServiceConnectionString, Log = log, Drained = drained }, Token);

    protected static string Broken(CheckReport report) =>
        string.Join(' ', report.Invariants.SelectMany(i => i.Broken.Select(r => $"{i.Id}:{r.Rule}").Concat(i.NotChecked.Select(n => $"{i.Id}?{n}"))));
}
