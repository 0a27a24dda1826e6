using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Service.Schedules;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Schedules;

/// <summary>Schedulers as processes on the real database: two at once, and one that is killed.</summary>
[Collection(PostgresTests.Name)]
public sealed class SchedulerTests(PostgresDatabase database) : RealRigs(database)
{
    private const int Tickets = 1000;
    private const string AnyState = "select count(*) from schedule_firings";

    private readonly List<ChildService> _children = [];
    private readonly Warehouse _warehouse = new(database);
    private ServiceProvider? _services;

    [Fact]
    public async Task Two_schedulers_at_once_make_one_run_of_each_time_and_one_submission_of_a_run()
    {
        await OpenAsync(5);
        string[] names = ["a", "b", "c"];
        foreach (string name in names)
        {
            await AddAsync("0/2 * * * * ?", new SinkSpec(), name, OverlapPolicy.Skip);
        }
        ChildService[] both = [Start(1), Start(1)];
        await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from quartz.qrtz_scheduler_state") == 2, "both are in the cluster", 90);
        long before = await CountAsync("select count(distinct fire_time) from schedule_firings");
        await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(distinct fire_time) from schedule_firings") >= before + 4, "four times pass", 60);
        Assert.All(both, child => Assert.False(child.HasExited, string.Join('\n', child.Lines)));
        foreach (ChildService child in both)
        {
            await child.KillAsync();
        }
        // On the schedule's own seconds, nothing left out between the first and the last, and none twice.
        Assert.Equal(0, await CountAsync("select count(*) from schedule_firings where date_trunc('second', fire_time) <> fire_time or extract(second from fire_time)::int % 2 <> 0"));
        Assert.Equal(0, await CountAsync("""
            select count(*) from (select count(*) as n, extract(epoch from max(fire_time) - min(fire_time)) / 2 + 1 as due from schedule_firings
            where fire_time <= (select max(fire_time) - interval '4 seconds' from schedule_firings) group by schedule) s where n <> due
            """));
        Assert.Equal(names.Length, await CountAsync("select count(*) from submissions"));
        Assert.Equal(names.Length, await CountAsync($"{AnyState} where state <> 6"));
        Assert.Equal(0, await CountAsync("select count(*) from submissions where lines <> 5"));
    }

    [Fact]
    public async Task A_scheduler_killed_in_the_midst_of_its_rows_leaves_each_row_staged_and_scored_once()
    {
        await OpenAsync(Tickets);
        SinkSpec sink = new()
        {
            Type = "table",
            Connection = "warehouse",
            Table = "labels",
            KeyColumn = "ticket_id",
            Columns = new Dictionary<string, string> { ["label"] = "choice", ["probability"] = "probability", ["state"] = "state", ["run"] = "submission", ["error"] = "error" },
        };
        IScheduleStore store = await AddAsync("0 0 3 1 1 ?", sink);
        WorkerRig worker = await StartAsync("w1");
        ScheduleRecord schedule = (await store.FindAsync("t1", "nightly", default))!;
        await store.FireAsync(new FireRequest { Id = Guid.CreateVersion7(), Schedule = schedule.Id }, default);
        int kills = 0;
        long staged = 0;
        // Room for one more step at each start, however late the test looks.
        while (staged < Tickets / 2 && kills < 3)
        {
            // Pages of ten rows: the kill falls between two of them, or within one.
            ChildService child = Start(10);
            long before = staged;
            await WorkerRig.EventuallyAsync(async () => (staged = await CountAsync("select coalesce(max(lines), 0) from submissions")) > before + (Tickets / 10), "rows are staged", 90);
            await child.KillAsync();
            kills++;
        }
        Assert.True(kills >= 1 && staged < Tickets, $"The process is killed before all is staged: {kills} times, {staged} rows.");
        Start(50);
        await WorkerRig.EventuallyAsync(async () => await CountAsync($"{AnyState} where state = 5") == 1, "the run is finished", 180);
        Assert.Equal((1, Tickets, Tickets), (await CountAsync("select count(*) from submissions"), await CountAsync("select max(lines) from submissions"), await CountAsync("select count(*) from jobs")));
        Assert.Equal(Tickets, await CountAsync("select count(distinct custom_id) from jobs where state = 2"));
        Assert.Equal((Tickets, Tickets), (await _warehouse.CountAsync("select count(*) from labels where state = 'succeeded' and label in (' yes', ' no')"), await _warehouse.CountAsync("select count(*) from labels l join tickets t on t.id = l.ticket_id")));
        Assert.NotNull(worker);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (ChildService child in _children)
        {
            await child.DisposeAsync();
        }
        if (_services is not null)
        {
            await _services.DisposeAsync();
            await _warehouse.DisposeAsync();
        }
        await base.DisposeAsync();
    }

    private async Task OpenAsync(int tickets)
    {
        await _warehouse.CreateAsync(tickets);
        _services = Sluice.Service.SluiceHost.OpenStore(new Sluice.Service.SluiceHostOptions { Settings = Settings("none") });
    }

    private ChildService Start(int chunk)
    {
        ChildService child = new(Settings(
            "none",
            ("Schedules:Connections:warehouse:ConnectionString", _warehouse.ConnectionString),
            ("Schedules:Connections:warehouse:Sink", "true"),
            ("Schedules:Chunk", chunk.ToString(CultureInfo.InvariantCulture)),
            ("Schedules:Poll", "00:00:00.2"),
            ("Schedules:Lease", "00:00:02"),
            ("Schedules:CheckIn", "00:00:01")), "scheduler");
        _children.Add(child);
        return child;
    }

    private async Task<IScheduleStore> AddAsync(string cron, SinkSpec sink, string name = "nightly", OverlapPolicy overlap = OverlapPolicy.Queue)
    {
        IScheduleStore store = _services!.GetRequiredService<IScheduleStore>();
        JobRequest request = new() { Model = StubModel.Name, Kind = JobKind.Score, Prompt = "Is {{subject}} urgent? {{body}}", Choices = [" yes", " no"], Cache = new CacheRequest { Mode = CacheMode.Off } };
        Assert.Equal(ScheduleAdded.Added, await store.AddAsync(
            new ScheduleRecord
            {
                Id = Guid.CreateVersion7(),
                Tenant = "t1",
                Name = name,
                Cron = cron,
                TimeZone = "UTC",
                Source = JsonSerializer.Serialize(new SourceSpec { Type = "sql", Connection = "warehouse", Query = "select * from tickets", Key = "id" }, SpecJson.Default.SourceSpec),
                Request = JsonSerializer.Serialize(request, JobsJson.Default.JobRequest),
                Sink = JsonSerializer.Serialize(sink, SpecJson.Default.SinkSpec),
                Overlap = overlap,
            },
            10,
            default));
        return store;
    }
}
