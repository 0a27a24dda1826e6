using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Service;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Schedules;

/// <summary>Times that passed while no scheduler ran.</summary>
[Collection(PostgresTests.Name)]
public sealed class MisfireTests(PostgresDatabase database) : RealRigs(database)
{
    [Fact]
    public async Task Of_the_times_that_were_missed_the_latest_fires_once_or_none_as_the_schedule_says()
    {
        await using ServiceProvider services = SluiceHost.OpenStore(new SluiceHostOptions { Settings = Settings("none") });
        IScheduleStore store = services.GetRequiredService<IScheduleStore>();
        ScheduleRecord once = await AddAsync(store, "once", MisfirePolicy.FireOnce), none = await AddAsync(store, "none", MisfirePolicy.Skip);
        // Made three days ago, and never watched; the time of every day is twelve hours from now, so that none is due while the test runs.
        await PostgresDatabase.RunAsync(Database.AdminConnectionString, "set sluice.tenant = '*'; update schedules set effective_from = now() - interval '3 days'");
        await using WebApplication first = await StartSchedulerAsync(), second = await StartSchedulerAsync();
        await WorkerRig.EventuallyAsync(async () => (await store.FiringsAsync("t1", once.Id, 10, default)).Count == 1, "the missed time fires", 60);
        await first.StopAsync();
        await second.StopAsync();
        FiringRecord firing = Assert.Single(await store.FiringsAsync("t1", once.Id, 10, default));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Assert.InRange(firing.FireTime, now.AddHours(-13), now.AddHours(-11));
        Assert.Equal((0, 0), (firing.FireTime.Second, firing.FireTime.Millisecond));
        Assert.Empty(await store.FiringsAsync("t1", none.Id, 10, default));
        Assert.Equal(firing.FireTime, (await store.GetAsync("t1", once.Id, default))!.LastFireTime);
        // The same with triggers that Quartz had: as if no scheduler had run for three days.
        await PostgresDatabase.RunAsync(Database.AdminConnectionString, $"set sluice.tenant = '*'; delete from schedule_firings; update schedules set last_fire_time = null; update quartz.qrtz_triggers set next_fire_time = next_fire_time - {3 * TimeSpan.TicksPerDay}");
        await using WebApplication third = await StartSchedulerAsync();
        await WorkerRig.EventuallyAsync(async () => (await store.FiringsAsync("t1", once.Id, 10, default)).Count == 1, "the missed time fires again", 60);
        await WorkerRig.EventuallyAsync(async () => await CountAsync($"select count(*) from quartz.qrtz_triggers where next_fire_time > {now.UtcTicks}") == 2, "both look forward", 60);
        await third.StopAsync();
        Assert.Equal(firing.FireTime, Assert.Single(await store.FiringsAsync("t1", once.Id, 10, default)).FireTime);
        Assert.Empty(await store.FiringsAsync("t1", none.Id, 10, default));
    }

    private static async Task<ScheduleRecord> AddAsync(IScheduleStore store, string name, MisfirePolicy misfire)
    {
        DateTimeOffset time = TimeProvider.System.GetUtcNow().AddHours(12);
        ScheduleRecord schedule = new()
        {
            Id = Guid.CreateVersion7(),
            Tenant = "t1",
            Name = name,
            Cron = $"0 {time.Minute} {time.Hour} * * ?",
            TimeZone = "UTC",
            Source = """{"type":"jsonl","path":"none.jsonl"}""",
            Request = """{"model":"stub","prompt":"x"}""",
            Sink = """{"type":"results"}""",
            Misfire = misfire,
        };
        Assert.Equal(ScheduleAdded.Added, await store.AddAsync(schedule, 10, default));
        return schedule;
    }

    private async Task<WebApplication> StartSchedulerAsync()
    {
        WebApplication app = SluiceHost.Build(new SluiceHostOptions
        {
            Engine = EngineKind.Stub,
            Roles = new HashSet<HostRole> { HostRole.Scheduler },
            Urls = "http://127.0.0.1:0",
            Settings = Settings("none", ("Schedules:Poll", "00:00:00.2"), ("Schedules:MisfireThreshold", "00:00:02"), ("Schedules:CheckIn", "00:00:01"), ("Logging:LogLevel:Default", "None")),
        });
        await app.StartAsync();
        return app;
    }
}
