using System.Reflection;
using Npgsql;
using Sluice.Store;
using Sluice.Store.Checking;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Store.Checking;

/// <summary>Each invariant sees its own violations, and nothing else does.</summary>
[Collection(PostgresTests.Name)]
public sealed class JobCheckTests(PostgresDatabase database) : CheckRig(database)
{
    [Fact]
    public async Task A_database_in_order_breaks_nothing()
    {
        await FillAsync();
        CheckReport report = await CheckAsync();
        Assert.Equal("", Broken(report));
        Assert.Equal((true, 6, 1, 0.0), (report.Ok, report.Jobs, report.Live, report.WastedCompute));
        Assert.Equal(Enumerable.Range(1, 10).Select(i => $"I{i}"), report.Invariants.Select(i => i.Id));
    }

    [Theory]
    [InlineData("I1", "ended_without_its_event", "delete from job_events where job_id = $done and state = 2")]
    [InlineData("I1", "ended_twice", "insert into job_events select job_id, seq + 1, tenant, now(), 3, null, null, null, claims from job_events where job_id = $done and state = 2")]
    [InlineData("I1", "live_after_its_end", "update job_events set state = 5 where job_id = $waiting")]
    [InlineData("I1", "went_on_after_its_end", "update job_events set seq = seq + 9 where job_id = $done and state = 1")]
    [InlineData("I1", "events_are_missing", "delete from job_events where job_id = $done and state = 1")]
    [InlineData("I1", "end_and_time_disagree", "update jobs set finished_at = null where id = $failed")]
    [InlineData("I1", "end_and_time_disagree", "update jobs set finished_at = now() where id = $waiting")]
    [InlineData("I2", "key_without_its_job", "insert into idempotency_keys values ('acme', 'ghost', '\\x00', gen_random_uuid(), now(), now() + interval '1 day')")]
    [InlineData("I2", "second_job_of_a_key", "update jobs set idempotency_key = 'done' where id = $waiting")]
    [InlineData("I2", "live_without_input", "delete from job_inputs where job = $waiting")]
    [InlineData("I3", "success_without_result", "delete from results where job = $done")]
    [InlineData("I3", "result_of_another_claim", "update results set claims = claims + 1 where job = $done")]
    [InlineData("I3", "result_without_success", "insert into results select (jsonb_populate_record(r, jsonb_build_object('job', $failed, 'tenant', 'rival'))).* from results r where job = $done")]
    [InlineData("I4", "empty_answer", "update results set outputs = '[]' where job = $done")]
    [InlineData("I5", "started_after_its_deadline", "update jobs set deadline = started_at - interval '1 hour' where id = $done")]
    [InlineData("I5", "started_after_its_deadline", "update jobs set deadline = finished_at + interval '1 hour' where id = $done; update job_events set at = now() + interval '2 hours' where job_id = $done and state = 1")]
    [InlineData("I5", "expired_with_an_answer", "insert into results select (jsonb_populate_record(r, jsonb_build_object('job', $expired, 'claims', 0))).* from results r where job = $done")]
    [InlineData("I5", "expired_with_an_answer", "insert into usage select (jsonb_populate_record(u, jsonb_build_object('job', $expired))).* from usage u where job = $done")]
    [InlineData("I6", "told_twice", "insert into webhook_deliveries select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid()))).* from webhook_deliveries d where job = $done")]
    [InlineData("I6", "not_told", "delete from webhook_deliveries where job = $done")]
    [InlineData("I6", "told_before_its_end", "update webhook_deliveries set created_at = created_at - interval '1 second' where job = $done")]
    [InlineData("I7", "success_without_usage", "delete from usage where job = $done")]
    [InlineData("I7", "usage_is_not_the_results", "update usage set generated_tokens = generated_tokens + 1 where job = $done")]
    [InlineData("I7", "usage_without_success", "insert into usage select (jsonb_populate_record(u, jsonb_build_object('job', $failed, 'tenant', 'rival'))).* from usage u where job = $done")]
    [InlineData("I8", "runs_for_nobody", "update jobs set state = 1 where id = $waiting")]
    [InlineData("I8", "ended_and_held", "update jobs set held_by = gen_random_uuid() where id = $done")]
    [InlineData("I8", "ended_and_held", "update jobs set waits_for = $waiting where id = $done")]
    [InlineData("I9", "ticket_is_old", "update jobs set ticketed_at = now() - interval '1 hour' where id = $waiting")]
    [InlineData("I9", "holder_is_silent", "with w as (update workers set seen_at = now() - interval '1 hour' returning id) update jobs set held_by = w.id from w where jobs.id = $waiting")]
    [InlineData("I9", "holder_is_silent", "update jobs set held_by = gen_random_uuid(), ticketed_at = now() - interval '1 hour' where id = $waiting")]
    [InlineData("I9", "begun_and_left", "update job_events set at = now() - interval '1 hour' where job_id = $waiting; update jobs set ticketed_at = '9999-12-31 00:00+00' where id = $waiting; update workers set started_at = now() - interval '1 hour'")]
    [InlineData("I9", "leader_has_ended", "update jobs set waits_for = $done where id = $waiting")]
    [InlineData("I9", "leader_has_ended", "update jobs set waits_for = gen_random_uuid() where id = $waiting")]
    [InlineData("I9", "deadline_is_past", "update jobs set deadline = now() - interval '1 hour' where id = $waiting")]
    [InlineData("I9", "outbox_waits", "update outbox set created_at = now() - interval '1 hour' where job = $waiting")]
    [InlineData("I9", "webhook_waits", "update webhook_deliveries set next_at = now() - interval '1 hour' where job = $done")]
    [InlineData("I10", "input_of_another_tenant", "update job_inputs set tenant = 'rival' where job = $done")]
    [InlineData("I10", "event_of_another_tenant", "update job_events set tenant = 'rival' where job_id = $done and state = 1")]
    [InlineData("I10", "result_of_another_tenant", "update results set tenant = 'rival' where job = $done")]
    [InlineData("I10", "usage_of_another_tenant", "update usage set tenant = 'rival' where job = $done")]
    [InlineData("I10", "outbox_row_of_another_tenant", "update outbox set tenant = 'rival' where job = $waiting")]
    [InlineData("I10", "key_of_another_tenant", "update idempotency_keys set tenant = 'rival' where key = 'done'")]
    [InlineData("I10", "waits_for_another_tenant", "update job_events set state = 0 where job_id = $failed and state = 3; update jobs set state = 0, finished_at = null where id = $failed; update jobs set waits_for = $failed where id = $waiting")]
    [InlineData("I10", "retry_of_another_tenant", "update jobs set retry_of = $failed where id = $waiting")]
    [InlineData("I10", "told_to_another_tenant", "update webhook_deliveries set tenant = 'rival' where job = $done")]
    [InlineData("I10", "cache_entry_of_another_tenant", "update cache_entries set tenant = 'rival', exact_key = '\\x01' where source_job = $done")]
    public async Task A_planted_violation_breaks_its_invariant_and_no_other(string invariant, string rule, string violation)
    {
        await FillAsync();
        await BreakAsync(violation);
        CheckReport report = await CheckAsync();
        Assert.False(report.Ok);
        InvariantReport broken = Assert.Single(report.Invariants, i => i.Violations + i.NotChecked.Count > 0);
        Assert.True(broken.Id == invariant && broken.Broken.Any(r => r.Rule == rule), Broken(report));
        Assert.All(broken.Broken, r => Assert.StartsWith("job_", r.Examples[0], StringComparison.Ordinal));
    }

    [Fact]
    public void Every_rule_has_a_planted_violation()
    {
        MethodInfo theory = typeof(JobCheckTests).GetMethod(nameof(A_planted_violation_breaks_its_invariant_and_no_other))!;
        HashSet<string> planted = [.. theory.GetCustomAttributes<InlineDataAttribute>().Select(data => (string)data.Data[1]!)];
        Assert.Equal("", string.Join(' ', CheckRules.Always.Select(rule => rule.Name).Where(rule => !planted.Contains(rule))));
    }

    [Fact]
    public async Task An_end_that_is_told_to_the_endpoint_of_another_tenant_is_found()
    {
        await FillAsync();
        Guid endpoint = NewId().Value;
        await Webhooks.AddAsync(new NewWebhookEndpoint(endpoint, Other, "https://hooks.example/x", [], [1]), 10, Token);
        await BreakAsync($"insert into webhook_deliveries select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'endpoint', '{endpoint}'))).* from webhook_deliveries d where job = $done");
        Assert.Equal("I10:told_to_another_tenant", Broken(await CheckAsync()));
    }

    [Fact]
    public async Task What_is_still_live_is_a_violation_only_where_all_should_have_ended()
    {
        await FillAsync();
        Assert.Equal("I8:still_in_the_outbox I8:still_live I8:still_to_be_told", Broken(await CheckAsync(drained: true)));
        await Store.CancelAsync(Tenant, Waiting, Token);
        await RelayAsync();
        await BreakAsync("update webhook_deliveries set state = 1, delivered_at = now()");
        Assert.Equal("", Broken(await CheckAsync(drained: true)));
    }

    [Fact]
    public async Task What_a_purge_has_yet_to_take_is_not_missed()
    {
        await FillAsync();
        await BreakAsync("update jobs set expires_at = now() where id = $done; delete from webhook_deliveries where job = $done");
        Assert.Equal("", Broken(await CheckAsync()));
    }

    [Fact]
    public async Task A_ticket_is_as_old_as_a_backlog_makes_it_and_no_older()
    {
        await FillAsync();
        await Store.SubmitAsync([.. Enumerable.Range(0, 10_000).Select(i => Job($"waits {i}"))], Token);
        await BreakAsync("update jobs set ticketed_at = now() - interval '302 seconds' where live"); // 20 s are let pass
        Assert.Empty((await CheckAsync()).Invariants[8].Broken);
        await BreakAsync("update jobs set ticketed_at = now() - interval '340 seconds' where id = $waiting");
        Assert.Equal([$"{Waiting}"], Assert.Single((await CheckAsync()).Invariants[8].Broken, rule => rule.Rule == "ticket_is_old").Examples);
    }

    [Fact]
    public async Task What_has_begun_is_not_stuck_while_no_worker_could_go_on_with_it()
    {
        await FillAsync();
        await BreakAsync("update job_events set at = now() - interval '1 hour' where job_id = $waiting; update jobs set ticketed_at = '9999-12-31 00:00+00' where id = $waiting");
        Assert.Equal("", Broken(await CheckAsync())); // the only worker is new
    }

    [Fact]
    public async Task What_tells_of_submissions_has_no_job_and_is_counted_all_the_same()
    {
        await FillAsync();
        Guid endpoint = NewId().Value;
        await Webhooks.AddAsync(new NewWebhookEndpoint(endpoint, Tenant, "https://hooks.example/x", ["submission.finished"], [1]), 10, Token);
        Guid first = await SettledAsync(), second = await SettledAsync();
        Assert.Equal(2, (await Webhooks.DeliveriesAsync(Tenant, endpoint, 10, Token)).Count);
        Assert.Equal("", Broken(await CheckAsync()));

        await BreakAsync($"insert into webhook_deliveries select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid()))).* from webhook_deliveries d where submission = '{first}'");
        Assert.Equal([$"sub_{first:N}"], Assert.Single((await CheckAsync()).Invariants[5].Broken, rule => rule.Rule == "told_twice").Examples);
        await BreakAsync($"update webhook_deliveries set next_at = now() - interval '1 hour' where submission = '{second}'");
        Assert.Equal([$"sub_{second:N}"], Assert.Single((await CheckAsync()).Invariants[8].Broken, rule => rule.Rule == "webhook_waits").Examples);
        Assert.Contains(Assert.Single((await CheckAsync(drained: true)).Invariants[7].Broken, rule => rule.Rule == "still_to_be_told").Examples, id => id == $"sub_{second:N}");
    }

    [Fact]
    public async Task Jobs_that_could_not_be_counted_are_said_to_be_so()
    {
        await FillAsync();
        await using IAsyncDisposable locked = await LockAsync("jobs");
        (int code, string output, string error) = await SluiceProcess.RunAsync(["check", "--timeout", "0.05", "--json"], ("SLUICE__STORE__CONNECTIONSTRING", Postgres.ServiceConnectionString));
        Assert.Equal((1, ""), (code, error));
        Assert.StartsWith("""{"ok":false,"jobs":null,"live":null,"wasted_compute":0,""", output, StringComparison.Ordinal);
        (code, output, error) = await SluiceProcess.RunAsync(["check", "--timeout", "0.05"], ("SLUICE__STORE__CONNECTIONSTRING", Postgres.ServiceConnectionString));
        Assert.Equal((1, ""), (code, error));
        Assert.Contains("jobs: not counted.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_erased_is_not_missed()
    {
        await FillAsync();
        await Store.EraseAsync(Tenant, Done, Token);
        Assert.Equal("", Broken(await CheckAsync()));
    }

    [Fact]
    public async Task A_role_that_may_only_read_is_enough_and_a_rule_out_of_time_is_said_not_to_be_checked()
    {
        await FillAsync();
        NpgsqlConnectionStringBuilder connection = new(Postgres.AdminConnectionString) { Username = $"reader_{Guid.NewGuid():N}"[..20], Password = "reader" };
        string role = connection.Username!;
        await BreakAsync($"create role {role} login password 'reader'; grant usage on schema public to {role}; grant select on all tables in schema public to {role}; update jobs set id = id");
        try
        {
            Assert.Equal("", Broken(await CheckAsync(connectionString: connection.ConnectionString)));
            CheckReport hurried = await JobCheck.RunAsync(
                new CheckOptions { ConnectionString = connection.ConnectionString, StatementTimeout = TimeSpan.FromMilliseconds(1), Examples = 1 }, Token);
            Assert.All(hurried.Invariants, i => Assert.Equal(0, i.Violations));
            Assert.Equal(hurried.Invariants.All(i => i.NotChecked.Count == 0), hurried.Ok);
        }
        finally
        {
            await WorkerRig.EventuallyAsync(() => GoneAsync(role), "the reader's last backend has ended: only its own role may end it");
            await BreakAsync($"revoke all on all tables in schema public from {role}; revoke all on schema public from {role}; drop role {role}; update jobs set id = id");
        }
    }

    /// <summary>A submission of one line that has succeeded, and its end told of.</summary>
    private async Task<Guid> SettledAsync()
    {
        Guid id = await FedAsync(1);
        await EndAsync(id, 1);
        await TendAsync();
        return id;
    }

    private async Task<bool> GoneAsync(string role)
    {
        await using NpgsqlConnection connection = new(Postgres.AdminConnectionString);
        await connection.OpenAsync(Token);
        await using NpgsqlCommand command = new("select not exists (select from pg_stat_activity where usename = $1)", connection) { Parameters = { new() { Value = role } } };
        return (bool)(await command.ExecuteScalarAsync(Token))!;
    }
}
