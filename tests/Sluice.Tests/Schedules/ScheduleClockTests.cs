using Microsoft.Extensions.DependencyInjection;
using Sluice.Store;
using Sluice.Tests.Api;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>Schedules that Quartz cannot watch, beside one that it can.</summary>
public sealed class ScheduleClockTests
{
    private const string Tenant = "default";

    [Theory]
    [InlineData("0 0 0 24 12 ? 2020", "UTC")]
    [InlineData("* * * * * ?", "Nowhere/At_All")]
    public async Task A_schedule_that_never_fires_or_cannot_be_watched_keeps_no_later_one_from_firing(string cron, string zone)
    {
        await using ApiHost host = await ApiHost.StartAsync(new() { ["Schedules:Poll"] = "00:00:00.05" }, worker: true);
        IScheduleStore store = host.Parts.GetRequiredService<IScheduleStore>();
        ScheduleRecord first = await AddAsync(store, 1, cron, zone), second = await AddAsync(store, 2, "* * * * * ?", "UTC");
        await WorkerRig.EventuallyAsync(async () => (await store.FiringsAsync(Tenant, second.Id, 10, default)).Count > 0, "the second fires", 30);
        Assert.Empty(await store.FiringsAsync(Tenant, first.Id, 10, default));
    }

    /// <summary>In the order of their places.</summary>
    private static async Task<ScheduleRecord> AddAsync(IScheduleStore store, int place, string cron, string zone)
    {
        ScheduleRecord schedule = new()
        {
            Id = Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddDays(place)),
            Tenant = Tenant,
            Name = $"s{place}",
            Cron = cron,
            TimeZone = zone,
            Source = """{"type":"jsonl","path":"none.jsonl"}""",
            Request = """{"model":"stub","prompt":"x"}""",
            Sink = """{"type":"results"}""",
        };
        Assert.Equal(ScheduleAdded.Added, await store.AddAsync(schedule, 10, default));
        return schedule;
    }
}
