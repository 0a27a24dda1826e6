using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Npgsql;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Store.Postgres;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Store;

/// <summary>Races between nodes, and a database that is gone.</summary>
[Collection(PostgresTests.Name)]
public sealed class PostgresFaultTests(PostgresDatabase database) : StoreContract(new PostgresHost(database))
{
    [Fact]
    public async Task Sixty_four_parallel_submits_of_one_key_make_one_job()
    {
        SubmitResult[] results = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => SubmitAsync(Job() with { IdempotencyKey = "k", RequestHash = Hash("a") }), Token)));
        SubmitResult made = Assert.Single(results, r => r.Outcome == SubmitOutcome.Queued);
        Assert.All(results, r => Assert.Equal(made.Job!.Id, r.Job!.Id));
        Assert.Single(await Store.ListAsync(Tenant, new JobQuery(), Token));
        Assert.Single(await TicketsAsync());
    }

    [Fact]
    public async Task Submits_of_crossed_keys_and_twins_finish_without_deadlock()
    {
        NewJob[] MakeJobs(bool backwards)
        {
            IEnumerable<NewJob> jobs = Enumerable.Range(0, 20).Select(i => Twin($"p{i}") with { IdempotencyKey = $"k{i}", RequestHash = Hash("a") });
            return [.. backwards ? jobs.Reverse() : jobs];
        }
        IReadOnlyList<SubmitResult>[] all = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Store.SubmitAsync(MakeJobs(i % 2 == 0), Token), Token)));
        Assert.Equal(20, all.SelectMany(r => r).Count(r => r.Outcome == SubmitOutcome.Queued));
        Assert.Equal(20, (await TicketsAsync()).Count);
    }

    [Fact]
    public async Task Equal_jobs_that_race_with_the_leaders_end_all_get_an_answer()
    {
        Guid worker = await WorkerAsync();
        for (int round = 0; round < 10; round++)
        {
            string prompt = $"round {round}";
            NewJob leader = Twin(prompt);
            await SubmitAsync(leader);
            Fence fence = (await RunAsync(worker, leader.Id)).Fence;
            Task<SubmitResult>[] others = [.. Enumerable.Range(0, 6).Select(_ => Task.Run(() => SubmitAsync(Twin(prompt)), Token))];
            Assert.True(await SucceedAsync(worker, fence));
            foreach (SubmitResult other in await Task.WhenAll(others))
            {
                JobRecord record = await GetAsync(other.Job!.Id);
                Assert.Equal(JobState.Succeeded, record.State);
                Assert.NotEqual(AnswerSource.Engine, record.Result!.Source);
            }
        }
    }

    [Fact]
    public async Task A_late_job_whose_equal_ends_without_an_answer_while_it_is_stored_is_refused()
    {
        NewJob leader = Twin() with { Quote = new JobQuote(TimeSpan.FromMinutes(5), null) };
        await SubmitAsync(leader);
        await using NpgsqlConnection other = new(database.AdminConnectionString);
        await other.OpenAsync(Token);
        await using NpgsqlTransaction held = await other.BeginTransactionAsync(Token);
        await ExecuteAsync(other, "lock table job_inputs in share mode");
        // it has seen its equal, and waits to store its input
        Task<SubmitResult> late = Task.Run(() => SubmitAsync(Twin() with { Ttl = TimeSpan.FromMinutes(10), Quote = new JobQuote(TimeSpan.FromHours(1), false), TooLate = true }), Token);
        while (await ExecuteAsync(other, "select count(*) from pg_locks where relation = 'job_inputs'::regclass and not granted") == 0)
        {
            Assert.False(late.IsCompleted);
            await Task.Delay(10, Token);
        }
        Assert.True((await Store.CancelAsync(Tenant, leader.Id, Token))!.Cancelled);
        await held.CommitAsync(Token);
        Assert.Equal(SubmitOutcome.TooLate, (await late).Outcome);
        Assert.Single(await Store.ListAsync(Tenant, new JobQuery(), Token));
    }

    [Fact]
    public async Task Two_workers_never_hold_or_run_the_same_job()
    {
        Guid[] workers = [await WorkerAsync(), await WorkerAsync("w2"), await WorkerAsync("w3")];
        JobId[] ids = [.. (await Store.SubmitAsync([.. Enumerable.Range(0, 300).Select(_ => Job())], Token)).Select(r => r.Job!.Id)];
        IReadOnlyList<ReservedJob>[] held = await Task.WhenAll(workers.Select(w => Task.Run(() => Store.ReserveAsync(w, ids, Token), Token)));
        Assert.Equal(ids.ToHashSet(), held.SelectMany(h => h).Select(j => j.Id).ToHashSet());
        Assert.Equal(300, held.Sum(h => h.Count));
        IReadOnlyList<ClaimedJob>[] claimed = await Task.WhenAll(workers.Select(w => Task.Run(() => Store.ClaimAsync(w, ids, Token), Token)));
        Assert.Equal(300, claimed.Sum(c => c.Count));
        Assert.All(claimed.SelectMany(c => c), c => Assert.Equal(1, c.Claims));
    }

    [Fact]
    public async Task Only_one_reconciler_works_at_a_time()
    {
        await SubmitAsync(Job());
        await PassAsync(Moment);
        ReconcileOptions options = new() { TicketTimeout = Soon };
        await using NpgsqlConnection other = new(database.ServiceConnectionString);
        await other.OpenAsync(Token);
        await using NpgsqlTransaction round = await other.BeginTransactionAsync(Token);
        await using NpgsqlCommand hold = new("select pg_advisory_xact_lock(126909663503205)", other);
        await hold.ExecuteScalarAsync(Token);
        Assert.Equal(new ReconcileReport(0, 0, 0, 0, 0, 0) { Ran = false }, await Store.ReconcileAsync(options, Token));
        await round.RollbackAsync(Token);
        Assert.Equal(1, (await Store.ReconcileAsync(options, Token)).Reticketed);
    }

    /// <summary>Silence counts from the start of the server: a worker cannot be heard by a database that is not there.</summary>
    [Fact]
    public async Task The_databases_own_absence_declares_no_worker_dead()
    {
        Guid worker = await WorkerAsync();
        NewJob job = Job();
        await SubmitAsync(job);
        await RunAsync(worker, job.Id);
        // as at the end of an outage of an hour
        await PostgresDatabase.RunAsync(database.AdminConnectionString, "update workers set seen_at = pg_postmaster_start_time() - interval '1 hour'");
        await using NpgsqlConnection other = new(database.AdminConnectionString);
        await other.OpenAsync(Token);
        TimeSpan up = TimeSpan.FromSeconds(await ExecuteAsync(other, "select ceil(extract(epoch from now() - pg_postmaster_start_time()))::bigint"));
        Assert.Equal(new ReconcileReport(0, 0, 0, 0, 0, 0), await Store.ReconcileAsync(new() { HeartbeatTimeout = up + TimeSpan.FromMinutes(1) }, Token));
        Assert.Equal(JobState.Running, (await GetAsync(job.Id)).State);
        await PassAsync(TimeSpan.FromSeconds(1.1));
        Assert.Equal(1, (await Store.ReconcileAsync(new() { HeartbeatTimeout = up > TimeSpan.FromSeconds(2) ? up - TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(1) }, Token)).DeadWorkers);
    }

    [Fact]
    public async Task A_wiped_outbox_and_broker_lose_nothing()
    {
        await Store.SubmitAsync([.. Enumerable.Range(0, 20).Select(_ => Job())], Token);
        await PostgresDatabase.RunAsync(database.AdminConnectionString, "truncate outbox");
        await PassAsync(Moment);
        Assert.Equal(20, (await Store.ReconcileAsync(new() { TicketTimeout = Soon }, Token)).Reticketed);
        Assert.Equal(20, (await TicketsAsync()).Count);
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_said_to_be_unavailable_in_time()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        int port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await Unavailable(port);
        silent.Stop();
        await Unavailable(port);
    }

    [Fact]
    public async Task The_store_recovers_by_itself_when_its_connections_were_cut()
    {
        await SubmitAsync(Job());
        await PostgresDatabase.RunAsync(database.AdminConnectionString,
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sluice_service' and datname = current_database()");
        int failures = 0;
        for (int attempt = 0; attempt < 10; attempt++)
        {
            try
            {
                await SubmitAsync(Job());
                break;
            }
            catch (StoreUnavailableException)
            {
                failures++;
            }
        }
        Assert.InRange(failures, 0, 5);
        Assert.Equal(SubmitOutcome.Queued, (await SubmitAsync(Job())).Outcome);
    }

    private static async Task<long> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync(Token) as long? ?? 0;
    }

    private static async Task Unavailable(int port)
    {
        StoreOptions options = new() { ConnectionString = $"Host=127.0.0.1;Port={port};Username=u;Password=p;Database=d" };
        await using Database connections = new(Options.Create(options), TimeProvider.System);
        PostgresJobStore store = new(connections, TimeProvider.System);
        Stopwatch watch = Stopwatch.StartNew();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.SubmitAsync([Job()], Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.GetAsync(Tenant, NewId(), Token));
        // Two calls of at most 1.5 s each, and slack for a busy machine.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4.5));
    }
}
