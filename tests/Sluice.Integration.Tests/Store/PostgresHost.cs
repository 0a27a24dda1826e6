using System.Globalization;
using Microsoft.Extensions.Options;
using Npgsql;
using Sluice.Store;
using Sluice.Store.Postgres;
using Sluice.Tests.Store;

namespace Sluice.Integration.Tests.Store;

/// <summary>The Postgres store, emptied, as the service's own role. Time is the server's: it passes by waiting.</summary>
internal sealed class PostgresHost(PostgresDatabase database) : StoreHost
{
    private Database? _connections;
    private IJobStore? _jobs;
    private ISubmissionStore? _submissions;

    public override IJobStore Jobs => _jobs!;
    public override IKeyStore Keys => new PostgresKeyStore(_connections!);
    public override IWebhookStore Webhooks => new PostgresWebhookStore(_connections!);

    public override ISubmissionStore Submissions => _submissions!;

    public override IScheduleStore Schedules => new PostgresScheduleStore(_connections!);
    public override IRetentionStore Retention => new PostgresRetentionStore(_connections!);

    public override ICostStore Costs => new PostgresCostStore(_connections!);

    public override async Task OpenAsync()
    {
        await database.EmptyAsync();
        StoreOptions options = database.Options;
        options.ConnectionString = new NpgsqlConnectionStringBuilder(options.ConnectionString) { Pooling = true }.ConnectionString;
        _connections = new Database(Options.Create(options), TimeProvider.System);
        _jobs = new PostgresJobStore(_connections, TimeProvider.System);
        _submissions = new PostgresSubmissionStore(_connections, TimeProvider.System);
    }

    public ISemanticCache Cache => new PostgresSemanticCache(_connections!, TimeProvider.System);

    public override Task PassAsync(TimeSpan time) => Task.Delay(time);

    public override async Task ShiftAsync(TimeSpan time, IReadOnlyList<string> tenants)
    {
        string age = string.Create(CultureInfo.InvariantCulture, $"interval '{time.TotalSeconds} seconds'");
        string entries = string.Join('\n', tenants.Select(tenant => $"set local sluice.tenant = '{tenant}'; update cache_entries set expires_at = expires_at - {age};"));
        await PostgresDatabase.RunAsync(database.AdminConnectionString, $"""
            begin;
            set local sluice.tenant = '*';
            update jobs set created_at = created_at - {age}, expires_at = expires_at - {age}, deadline = deadline - {age}, run_by = run_by - {age},
                ticketed_at = case when ticketed_at < '9999-12-31' then ticketed_at - {age} else ticketed_at end, started_at = started_at - {age} where live; -- the last of all times is none
            update workers set seen_at = seen_at - {age};
            update idempotency_keys set expires_at = expires_at - {age};
            {entries}
            commit;
            """);
    }

    public override Task BurySilentAsync(TimeSpan silence) => PostgresDatabase.RunAsync(database.AdminConnectionString,
        string.Create(CultureInfo.InvariantCulture, $"delete from workers where seen_at < now() - interval '{silence.TotalSeconds} seconds'"));

    public override async ValueTask DisposeAsync()
    {
        if (_connections is not null)
            await _connections.DisposeAsync();
        await base.DisposeAsync();
    }
}
