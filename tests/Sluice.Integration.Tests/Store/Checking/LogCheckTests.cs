using Sluice.Jobs;
using Sluice.Store.Checking;
using Xunit;

namespace Sluice.Integration.Tests.Store.Checking;

/// <summary>What callers saw is held against the database.</summary>
[Collection(PostgresTests.Name)]
public sealed class LogCheckTests(PostgresDatabase database) : CheckRig(database)
{
    private static readonly string s_right = Convert.ToHexStringLower(Hash("there was a frog"));

    [Fact]
    public async Task What_was_seen_and_what_is_stored_agree()
    {
        await FillAsync();
        CheckReport report = await CheckAsync(await LogAsync(
            $$"""{"event":"submitted","tenant":"acme","key":"done","expect":"{{s_right}}","webhook":true}""",
            """{"event":"ambiguous","tenant":"acme","key":"done"}""",
            $$"""{"event":"accepted","tenant":"acme","key":"done","id":"{{Done}}"}""",
            $$"""{"event":"result","id":"{{Done}}","state":"running"}""",
            $$"""{"event":"result","id":"{{Done}}","state":"succeeded","answer":"{{s_right}}"}""",
            $$"""{"event":"webhook","id":"evt_1","job":"{{Done}}","type":"job.succeeded","body":"aa"}""",
            $$"""{"event":"webhook","id":"evt_1","job":"{{Done}}","type":"job.succeeded","body":"aa"}""",
            """{"event":"submitted","tenant":"acme","key":"waiting"}""",
            """{"event":"ambiguous","tenant":"acme","key":"waiting"}""",
            """{"event":"submitted","tenant":"acme","key":"nowhere"}""",
            """{"event":"ambiguous","tenant":"acme","key":"nowhere"}""",
            """{"event":"rejected","tenant":"acme","key":"refused"}""",
            """{"event":"canary","tenant":"acme","text":"there was a frog"}"""));
        Assert.Equal("", Broken(report));
        Assert.Equal(1, report.Recovered);
    }

    [Theory]
    [InlineData("I1:another_end_was_seen", """{"event":"result","id":"$done","state":"failed"}""")]
    [InlineData("I1:two_ends_were_seen", """{"event":"result","id":"$gone","state":"failed"}""", """{"event":"result","id":"$gone","state":"succeeded"}""")]
    [InlineData("I2:accepted_and_lost", """{"event":"accepted","tenant":"acme","key":"gone","id":"$gone"}""")]
    [InlineData("I2:confirmed_and_lost", """{"event":"confirmed","tenant":"acme","key":"gone"}""")]
    [InlineData("I2:one_key_two_ids", """{"event":"accepted","tenant":"acme","key":"done","id":"$done"}""", """{"event":"accepted","tenant":"acme","key":"done","id":"$waiting"}""")]
    [InlineData("I2:rejected_and_stored", """{"event":"rejected","tenant":"acme","key":"waiting"}""")]
    [InlineData("I2:two_keys_one_id", """{"event":"submitted","tenant":"acme","key":"done","expect":"$right"}""", """{"event":"accepted","tenant":"acme","key":"done","id":"$done"}""", """{"event":"submitted","tenant":"acme","key":"again","expect":"$right"}""", """{"event":"accepted","tenant":"acme","key":"again","id":"$done"}""")]
    [InlineData("I3:two_answers_were_seen", """{"event":"result","id":"$done","state":"succeeded","answer":"aa"}""", """{"event":"result","id":"$done","state":"succeeded","answer":"bb"}""")]
    [InlineData("I4:wrong_answer_stored", """{"event":"submitted","tenant":"acme","key":"done","expect":"aa"}""")]
    [InlineData("I4:wrong_answer_seen", """{"event":"submitted","tenant":"acme","key":"done","expect":"$right"}""", """{"event":"accepted","tenant":"acme","key":"done","id":"$done"}""", """{"event":"result","id":"$done","state":"succeeded","answer":"aa"}""")]
    [InlineData("I6:other_bytes_the_second_time", """{"event":"webhook","id":"evt_1","job":"$done","type":"job.succeeded","body":"aa"}""", """{"event":"webhook","id":"evt_1","job":"$done","type":"job.succeeded","body":"bb"}""")]
    [InlineData("I6:two_ids_for_one_end", """{"event":"webhook","id":"evt_1","job":"$done","type":"job.succeeded","body":"aa"}""", """{"event":"webhook","id":"evt_2","job":"$done","type":"job.succeeded","body":"aa"}""")]
    [InlineData("I6:signature_does_not_verify", """{"event":"webhook","id":"evt_1","job":"$done","type":"job.succeeded","body":"aa","verified":false}""")]
    [InlineData("I6:told_another_end", """{"event":"webhook","id":"evt_1","job":"$done","type":"job.failed","body":"aa"}""")]
    [InlineData("I10:canary_with_another_tenant", """{"event":"canary","tenant":"rival","text":"there was a frog"}""")]
    public async Task A_caller_who_saw_something_else_breaks_one_invariant(string expected, params string[] lines)
    {
        await FillAsync();
        CheckReport report = await CheckAsync(await LogAsync(lines));
        Assert.False(report.Ok);
        Assert.Equal(expected, Broken(report));
    }

    [Fact]
    public async Task A_webhook_that_was_delivered_is_missed_by_a_receiver_who_never_heard_it()
    {
        await FillAsync();
        await BreakAsync("update webhook_deliveries set state = 1, delivered_at = now() where job = $done");
        string[] submitted = ["""{"event":"submitted","tenant":"acme","key":"done","webhook":true}""", """{"event":"accepted","tenant":"acme","key":"done","id":"$done"}"""];
        Assert.Equal("I6:delivered_and_never_heard", Broken(await CheckAsync(await LogAsync(submitted))));
        Assert.Equal("", Broken(await CheckAsync(await LogAsync([.. submitted, """{"event":"webhook","id":"evt_1","job":"$done","type":"job.succeeded","body":"aa"}"""]))));
    }

    /// <summary>A result that holds it is among the cases above.</summary>
    [Theory]
    [InlineData("update jobs set error_message = 'it said: a rare word' where id = $expired")]
    [InlineData("update webhook_deliveries set body = convert_to('it said: a rare word', 'UTF8') where job = $done")]
    [InlineData("update cache_entries set outputs = 'it said: a rare word' where source_job = $done")]
    public async Task A_canary_is_found_wherever_another_tenants_rows_hold_it(string leak)
    {
        await FillAsync();
        ClientLog log = await LogAsync("""{"event":"canary","tenant":"rival","text":"a rare word"}""");
        Assert.Equal("", Broken(await CheckAsync(log)));
        await BreakAsync(leak);
        Assert.Equal("I10:canary_with_another_tenant", Broken(await CheckAsync(log)));
    }

    [Fact]
    public async Task Accepted_and_not_ended_is_a_violation_once_all_should_have_ended()
    {
        await FillAsync();
        CheckReport report = await CheckAsync(await LogAsync($$"""{"event":"accepted","tenant":"acme","key":"waiting","id":"{{Waiting}}"}"""), drained: true);
        Assert.Equal(["accepted_and_not_ended"], report.Invariants[0].Broken.Select(r => r.Rule));
        Assert.Equal([Waiting.ToString()], report.Invariants[0].Broken[0].Examples);
    }

    [Theory]
    [InlineData("jobs", "the log's jobs: no answer in time", "canary_with_another_tenant: no answer in time")]
    [InlineData("idempotency_keys", "the log's keys: no answer in time")]
    [InlineData("cache_entries", "canary_with_another_tenant: no answer in time")]
    public async Task What_gets_no_answer_in_time_is_neither_lost_nor_in_order(string table, params string[] notChecked)
    {
        await FillAsync();
        ClientLog log = await LogAsync(
            $$"""{"event":"submitted","tenant":"acme","key":"done","expect":"{{s_right}}"}""",
            """{"event":"accepted","tenant":"acme","key":"done","id":"$done"}""",
            """{"event":"confirmed","tenant":"acme","key":"waiting"}""",
            """{"event":"canary","tenant":"acme","text":"there was a frog"}""");
        await using IAsyncDisposable locked = await LockAsync(table);
        CheckReport report = await JobCheck.RunAsync(new CheckOptions { ConnectionString = Postgres.ServiceConnectionString, Log = log, StatementTimeout = TimeSpan.FromMilliseconds(50) }, Token);
        Assert.False(report.Ok);
        Assert.All(report.Invariants, i => Assert.Empty(i.Broken));
        Assert.All(notChecked, rule => Assert.Contains(report.Invariants, i => i.NotChecked.Contains(rule)));
        Assert.True(table != "jobs" || (report.Jobs, report.Live) == (null, null));
        Assert.True(table == "cache_entries" || report.Recovered is null);
    }

    private async Task<ClientLog> LogAsync(params string[] lines)
    {
        string text = string.Join('\n', lines).Replace("$done", Done.ToString(), StringComparison.Ordinal).Replace("$waiting", Waiting.ToString(), StringComparison.Ordinal)
            .Replace("$gone", new JobId(Guid.Empty).ToString(), StringComparison.Ordinal).Replace("$right", s_right, StringComparison.Ordinal);
        using StringReader reader = new(text);
        return await ClientLog.ReadAsync(reader, Token);
    }
}
