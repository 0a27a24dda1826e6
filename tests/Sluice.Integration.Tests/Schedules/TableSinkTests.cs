using Npgsql;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service.Schedules;
using Sluice.Store;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Schedules;

/// <summary>Answers taken to a table: each once, whatever is told twice; names that are none of ours stay names.</summary>
[Collection(PostgresTests.Name)]
public sealed class TableSinkTests(PostgresDatabase database) : SubmissionStepsContract(new PostgresHost(database)), IAsyncLifetime
{
    private readonly Warehouse _warehouse = new(database);
    private NpgsqlDataSource _source = null!;

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        await _warehouse.CreateAsync(3);
        _source = NpgsqlDataSource.Create(_warehouse.ConnectionString);
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await _source.DisposeAsync();
        await _warehouse.DisposeAsync();
        await DisposeAsync();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(100)]
    public async Task Every_key_has_one_row_however_often_a_run_is_delivered(int chunk)
    {
        (Guid run, Guid later) = (await AnsweredAsync(5), await AnsweredAsync(5));
        await DeliverAsync(run, chunk);
        await DeliverAsync(run, chunk);
        Assert.Equal(5, await _warehouse.CountAsync("select count(*) from labels where state = 'succeeded'"));
        await DeliverAsync(later, chunk);
        Assert.Equal(5, await _warehouse.CountAsync($"select count(*) from labels where run = 'sub_{later:N}'"));
        // The earlier run comes late: the later one keeps its place.
        await DeliverAsync(run, chunk);
        Assert.Equal(5, await _warehouse.CountAsync($"select count(*) from labels where run = 'sub_{later:N}'"));
    }

    [Fact]
    public async Task Append_keeps_a_row_per_key_and_run()
    {
        (Guid one, Guid two) = (await AnsweredAsync(4), await AnsweredAsync(4));
        SinkSpec sink = Sink("history", new() { ["run"] = "submission", ["label"] = "text" }) with { Mode = "append" };
        foreach (Guid run in (Guid[])[one, two, one])
        {
            await DeliverAsync(run, 3, sink);
        }
        Assert.Equal(8, await _warehouse.CountAsync("select count(*) from history"));
    }

    [Fact]
    public async Task A_restart_goes_on_after_what_was_said_to_be_delivered()
    {
        Guid run = await AnsweredAsync(5);
        (_, string? cursor) = await DeliverAsync(run, 100);
        Assert.Equal("5", cursor);
        await _warehouse.RunAsync($"delete from {_warehouse.Schema}.labels");
        await DeliverAsync(run, 100, cursor: "3");
        Assert.Equal(2, await _warehouse.CountAsync("select count(*) from labels"));
    }

    [Theory]
    [InlineData("nothing_here", "label", "There is no table")]
    [InlineData("labels", "no_such", "has no column 'no_such'")]
    [InlineData("labels\"; drop table labels; --", "label", "may have letters")]
    [InlineData("history", "label", "(42P10)")]
    [InlineData("tickets", "at", "(22007)")]
    public async Task What_does_not_fit_is_refused_and_nothing_is_written(string table, string column, string fault)
    {
        Guid run = await AnsweredAsync(2);
        SinkSpec sink = Sink(table, new() { [column] = "text" }) with { KeyColumn = table == "tickets" ? "id" : "ticket_id" };
        SinkException refused = await Assert.ThrowsAsync<SinkException>(() => DeliverAsync(run, 10, sink));
        Assert.Contains(fault, refused.Message, StringComparison.Ordinal);
        Assert.False(refused.MayPass);
        Assert.Equal(3, await _warehouse.CountAsync("select count(*) from tickets") + await _warehouse.CountAsync("select count(*) from labels"));
    }

    [Fact]
    public async Task A_text_too_long_for_its_column_is_refused_not_cut()
    {
        Guid run = await AnsweredAsync(1);
        SinkException refused = await Assert.ThrowsAsync<SinkException>(() => DeliverAsync(run, 10, Sink("labels", new() { ["label"] = "submission" })));
        Assert.Contains("(22001)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_are_never_read_as_SQL()
    {
        NewSubmission submission = New();
        await Submissions.StartAsync(submission, Token);
        await StageAsync(submission.Id, 0, new StagedLine(1, null, "7", [new FieldError("x", "'); drop table labels; --", "bad")]));
        await Submissions.CloseAsync(Tenant, submission.Id, UploadEnd.Complete, null, Token);
        await DeliverAsync(submission.Id, 10, Sink("labels", new() { ["error"] = "error", ["state"] = "state" }));
        Assert.Equal(1, await _warehouse.CountAsync("select count(*) from labels where error = '''); drop table labels; --' and state = 'invalid'"));
    }

    private static SinkSpec Sink(string table, Dictionary<string, string> columns) => new() { Type = "table", Connection = "warehouse", Table = table, KeyColumn = "ticket_id", Columns = columns };

    /// <summary>A submission whose lines are all answered; their keys are 1 to <paramref name="lines"/>.</summary>
    private async Task<Guid> AnsweredAsync(int lines)
    {
        NewSubmission submission = New();
        await Submissions.StartAsync(submission, Token);
        await StageAsync(submission.Id, 0, [.. Enumerable.Range(1, lines).Select(n => Line(n))]);
        await Submissions.CloseAsync(Tenant, submission.Id, UploadEnd.Complete, null, Token);
        FeedWork work = (await TakeAsync())!;
        Assert.NotNull(await Submissions.FeedAsync(
            new FedChunk { Work = work, Jobs = [.. work.Lines.Select(l => Fed(submission.Id, l.Number) with { CustomId = $"{l.Number}" })], Invalid = [] }, Token));
        await EndAsync(submission.Id, [.. Enumerable.Range(1, lines)]);
        return submission.Id;
    }

    private async Task<(long Delivered, string? Cursor)> DeliverAsync(Guid run, int chunk, SinkSpec? sink = null, string? cursor = null)
    {
        sink ??= Sink("labels", new() { ["label"] = "text", ["state"] = "state", ["run"] = "submission", ["probability"] = "probability" });
        FiringRecord firing = new() { Id = run, Tenant = Tenant, Schedule = Guid.NewGuid(), FireTime = DateTimeOffset.UnixEpoch, State = FiringState.Delivering };
        ProgressStore progress = new();
        ClaimedFiring work = new() { Firing = firing, Name = "n", Source = "{}", Request = "{}", Sink = "{}", SinkCursor = cursor, Fence = new FiringFence(run, 1) };
        await using FiringClaim claim = new(progress, work, TimeSpan.FromMinutes(1), _ => { }, TimeProvider.System, Token);
        await new TableSink(_source, sink, chunk, TimeSpan.FromSeconds(20)).DeliverAsync(claim, new OutcomeReader(Submissions, Tenant, run, chunk));
        return (progress.Delivered, progress.Cursor);
    }
}
