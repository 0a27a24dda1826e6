using Npgsql;
using Sluice.Chaos.Scenarios;
using Sluice.Integration.Tests.Store;
using Sluice.Store;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Chaos;

/// <summary>What the supervisor of a chaos run sees, and what it does to webhooks that would be told in days.</summary>
[Collection(PostgresTests.Name)]
public sealed class LedgerTests(PostgresDatabase database) : StoreContract(new PostgresHost(database))
{
    [Fact]
    public async Task What_is_unsent_is_counted_what_is_due_in_minutes_is_made_due_and_what_is_being_sent_is_left_alone()
    {
        Ledger ledger = new(database.ServiceConnectionString);
        await Store.SubmitAsync([Job(), Job(tenant: Other)], Token);
        Assert.Equal(2, await ledger.UnsentAsync());
        await RelayAsync();
        Assert.Equal(0, await ledger.UnsentAsync());

        // state (0 pending, 1 delivered), and when it is due
        await PostgresDatabase.RunAsync(database.AdminConnectionString, $"""
            set sluice.tenant = '*';
            insert into webhook_deliveries (id, tenant, job, url, event, state, attempts, next_at, created_at, expires_at)
            select gen_random_uuid(), tenant, gen_random_uuid(), 'https://example.org/hook', event, state, 1, now() + due, now(), now() + interval '1 day'
            from (values ('{Tenant}', 'due', 0, interval '-1 second'), ('{Other}', 'being sent', 0, interval '60 seconds'), ('{Other}', 'tried twice', 0, interval '5 minutes'),
                ('{Tenant}', 'tried often', 0, interval '14 hours'), ('{Tenant}', 'told', 1, interval '14 hours')) d (tenant, event, state, due)
            """);
        Assert.Equal(4, await ledger.UnsentAsync());
        Assert.Equal(["being sent", "told"], await NotDueAsync());
        await PostgresDatabase.RunAsync(database.AdminConnectionString, "set sluice.tenant = '*'; update webhook_deliveries set state = 1 where next_at <= now()");
        Assert.Equal(1, await ledger.UnsentAsync());
    }

    [Fact]
    public async Task What_a_worker_has_in_hand_is_told_by_what_it_holds_and_what_it_runs_and_none_by_a_database_that_is_away()
    {
        Ledger ledger = new(database.ServiceConnectionString);
        Guid worker = await WorkerAsync("w1");
        NewJob[] jobs = [Job(), Job(), Job()];
        await Store.SubmitAsync(jobs, Token);
        await Store.ReserveAsync(worker, [jobs[0].Id, jobs[1].Id], Token);
        await Store.ClaimAsync(worker, [jobs[1].Id], Token);
        Hand hand = (await ledger.HandOfAsync("w1"))!;
        Assert.Equal([jobs[0].Id.Value], hand.Held);
        Assert.Equal([jobs[1].Id.Value], hand.Running);
        Assert.Equal(3, await ledger.LiveAsync());
        Assert.Null(await new Ledger("Host=127.0.0.1;Port=1;Database=none;Username=nobody").HandOfAsync("w1"));
    }

    private async Task<string[]> NotDueAsync()
    {
        await using NpgsqlConnection connection = new(database.AdminConnectionString);
        await connection.OpenAsync(Token);
        await using NpgsqlCommand command = new("set sluice.tenant = '*'; select coalesce(array_agg(event order by event), '{}') from webhook_deliveries where next_at > now()", connection);
        return (string[])(await command.ExecuteScalarAsync(Token))!;
    }
}
