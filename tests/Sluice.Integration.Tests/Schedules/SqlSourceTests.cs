using System.Globalization;
using Npgsql;
using Sluice.Integration.Tests.Store;
using Sluice.Service.Schedules;
using Xunit;

namespace Sluice.Integration.Tests.Schedules;

/// <summary>Queries read in order of their key: on from any place, each row once, and nothing but read.</summary>
[Collection(PostgresTests.Name)]
public sealed class SqlSourceTests(PostgresDatabase database) : IAsyncLifetime
{
    private static readonly ClaimedTimes s_times = new(new DateTimeOffset(2026, 3, 1, 1, 30, 0, TimeSpan.Zero), null);
    private readonly Warehouse _warehouse = new(database);
    private NpgsqlDataSource _source = null!;

    public async ValueTask InitializeAsync()
    {
        await database.EmptyAsync();
        await _warehouse.CreateAsync(25);
        _source = NpgsqlDataSource.Create(_warehouse.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _warehouse.DisposeAsync();
    }

    [Theory]
    [InlineData("id", 1)]
    [InlineData("id", 7)]
    [InlineData("id", 25)]
    [InlineData("id", 100)]
    [InlineData("subject", 7)]
    [InlineData("score", 7)]
    public async Task Every_row_comes_once_in_order_wherever_a_restart_goes_on(string key, int chunk)
    {
        List<SourceRow> rows = await ReadAsync("select * from tickets -- all of them", key, chunk);
        Assert.Equal(Enumerable.Range(1, 25), rows.Select(r => r.Number));
        Assert.Equal(25, rows.Select(r => r.Key).Distinct().Count());
        if (key == "id")
        {
            Assert.Equal(Enumerable.Range(1, 25).Select(n => (3 * n).ToString(CultureInfo.InvariantCulture)), rows.Select(r => r.Key));
            Assert.Equal("subject 25", RowTemplate.Value(rows[24].Fields, "subject"));
        }
    }

    [Fact]
    public async Task Rows_that_come_meanwhile_behind_the_cursor_are_read_too()
    {
        await using SqlSource first = Open("select * from tickets", "id", 10, null, 0);
        SourcePage page = await first.NextAsync(default);
        await _warehouse.RunAsync($"insert into {_warehouse.Schema}.tickets (id, subject) values (1000, 'late')");
        await using SqlSource second = Open("select * from tickets", "id", 100, page.Cursor, page.Last);
        Assert.Equal("1000", (await second.NextAsync(default)).Rows[^1].Key);
    }

    [Fact]
    public async Task A_restart_goes_on_after_any_row_of_a_page()
    {
        await using SqlSource source = Open("select * from tickets", "id", 100, null, 0);
        IReadOnlyList<SourceRow> rows = (await source.NextAsync(default)).Rows;
        foreach (SourceRow row in rows.SkipLast(1))
        {
            await using SqlSource next = Open("select * from tickets", "id", 1, row.Cursor, row.Number);
            SourceRow first = (await next.NextAsync(default)).Rows[0];
            Assert.Equal((row.Number + 1, rows[row.Number].Key), (first.Number, first.Key));
        }
    }

    [Fact]
    public async Task A_query_may_ask_for_its_firings_time()
    {
        List<SourceRow> rows = await ReadAsync("select id, (select fire_time from firing) as due, (select previous_fire_time from firing) as before from tickets where id = 3", "id", 5);
        Assert.Equal("2026-03-01T01:30:00+00:00", RowTemplate.Value(Assert.Single(rows).Fields, "due"));
        Assert.Null(RowTemplate.Value(rows[0].Fields, "before"));
    }

    [Theory]
    [InlineData("select id from tickets; delete from tickets", "42601")]
    [InlineData("select 1 as id) as source; delete from tickets; select * from (select 1 as id", "42601")]
    [InlineData("delete from tickets returning id", "42601")]
    [InlineData("with gone as (delete from tickets returning id) select id from gone", "0A000")]
    [InlineData("select id, set_config('transaction_read_only', 'off', true) from tickets", "25001")]
    [InlineData("select id, nextval('counter') from tickets", "25006")]
    [InlineData("select no_such_column as id from tickets", "42703")]
    [InlineData("select subject from tickets", "42703")]
    public async Task What_is_not_reading_is_refused_in_the_databases_words(string query, string state)
    {
        await _warehouse.RunAsync($"create sequence {_warehouse.Schema}.counter");
        SourceException refused = await Assert.ThrowsAsync<SourceException>(() => ReadAsync(query, "id", 5));
        Assert.Contains($"({state})", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.MayPass);
        Assert.Equal(25, await _warehouse.CountAsync("select count(*) from tickets"));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(100)]
    public async Task A_key_that_is_not_unique_is_found_out_at_any_pages_edge(int chunk)
    {
        SourceException refused = await Assert.ThrowsAsync<SourceException>(() => ReadAsync("select id / 9 as k from tickets", "k", chunk));
        Assert.Contains("is not unique", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_without_a_key_are_told_of_and_left_out()
    {
        List<SourceRow> rows = await ReadAsync("select case when id < 10 then id end as k from tickets", "k", 5);
        Assert.Equal(["3", "6", "9", null], rows.Select(r => r.Key));
        Assert.Equal("missing_field", rows[3].Error!.Code);
    }

    [Fact]
    public async Task A_row_that_is_nested_too_deeply_is_an_error_row_and_the_others_are_read()
    {
        List<SourceRow> rows = await ReadAsync("select id, case when id = 6 then (repeat('[', 70) || repeat(']', 70))::jsonb end as deep from tickets where id < 10", "id", 5);
        Assert.Equal([("3", null), ("6", "invalid_json"), ("9", null)], rows.Select(r => (r.Key, r.Error?.Code)));
        Assert.Contains("64 levels", rows[1].Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((4 << 20) - 21, null)] // with the 21 of {"id": 6, "text": ""}
    [InlineData((4 << 20) - 20, "too_long")]
    [InlineData(100 << 20, "too_long")]
    public async Task A_row_that_is_too_long_is_an_error_row_and_is_not_fetched_whole(int length, string? code)
    {
        long before = GC.GetTotalAllocatedBytes();
        List<SourceRow> rows = await ReadAsync($"select id, case when id = 6 then repeat('x', {length}) end as text from tickets where id < 10", "id", 5);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 200 << 20);
        Assert.Equal([("3", null), ("6", code), ("9", null)], rows.Select(r => (r.Key, r.Error?.Code)));
    }

    [Fact]
    public async Task A_key_of_a_type_without_a_plain_order_is_refused() =>
        Assert.Contains("is of type double precision", (await Assert.ThrowsAsync<SourceException>(() => ReadAsync("select score::float8 as k from tickets", "k", 5))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_query_that_takes_too_long_is_ended()
    {
        await using SqlSource slow = new(_source, Spec("select id, pg_sleep(0.2) from tickets", "id"), s_times, null, 0, 100, TimeSpan.FromMilliseconds(300));
        Assert.Contains("57014", (await Assert.ThrowsAsync<SourceException>(() => slow.NextAsync(default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_may_do_so_later()
    {
        await using NpgsqlDataSource nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=x;Timeout=2");
        await using SqlSource source = new(nowhere, Spec("select 1 as id", "id"), s_times, null, 0, 10, TimeSpan.FromSeconds(1));
        Assert.True((await Assert.ThrowsAsync<SourceException>(() => source.NextAsync(default))).MayPass);
    }

    private static SourceSpec Spec(string query, string key) => new() { Type = "sql", Connection = "warehouse", Query = query, Key = key };

    private SqlSource Open(string query, string key, int chunk, string? cursor, int before) => new(_source, Spec(query, key), s_times, SqlSource.Key(cursor), before, chunk, TimeSpan.FromSeconds(20));

    /// <summary>Each page by a source of its own, as after a crash.</summary>
    private async Task<List<SourceRow>> ReadAsync(string query, string key, int chunk)
    {
        List<SourceRow> rows = [];
        (string? cursor, int before, bool end) = (null, 0, false);
        while (!end)
        {
            await using SqlSource source = Open(query, key, chunk, cursor, before);
            SourcePage page = await source.NextAsync(default);
            rows.AddRange(page.Rows);
            (cursor, before, end) = (page.Cursor, page.Last, page.End);
        }
        return rows;
    }
}
