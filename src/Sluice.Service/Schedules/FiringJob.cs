using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Quartz;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>What Quartz calls when a schedule's time has come. It notes the firing and ends; the work is done by <see cref="FiringRunner"/>, on any scheduler.</summary>
internal sealed partial class FiringJob(IScheduleStore store, Firings firings, IOptions<ScheduleOptions> options, TimeProvider time, ILogger<FiringJob> logger) : IJob
{
    public const string ScheduleKey = "schedule", TenantKey = "tenant", VersionKey = "version";

    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        JobDataMap data = context.MergedJobDataMap;
        Guid id = Guid.Parse(data.GetString(ScheduleKey)!);
        while (true)
        {
            try
            {
                if (await store.GetAsync(data.GetString(TenantKey)!, id, cancellationToken) is { Paused: false } schedule && TimeOf(context, schedule) is { } scheduled
                    && await firings.FireAsync(schedule, scheduled, cancellationToken) is { } firing)
                {
                    LogFired(schedule.Name, id, scheduled, firing.Id, firing.State);
                }
                return;
            }
            catch (StoreUnavailableException)
            {
                // Whoever fires it a second time meets the same time of the same schedule.
                await Task.Delay(s_retry, time, cancellationToken);
            }
        }
    }

    /// <summary>
    /// The schedule's own time, which is what makes a firing one of its kind: a late one has it from Quartz, one that was missed counts as the latest that has passed.
    /// Null where that was before the schedule took effect.
    /// </summary>
    private DateTimeOffset? TimeOf(IJobExecutionContext context, ScheduleRecord schedule)
    {
        CronTimes times = CronTimes.Of(schedule.Cron, schedule.TimeZone);
        DateTimeOffset scheduled = (context.ScheduledFireTimeUtc ?? context.FireTimeUtc).ToUniversalTime();
        bool missed = !context.Recovering && context.FireTimeUtc - scheduled > options.Value.MisfireThreshold;
        DateTimeOffset? latest = missed || !times.Has(scheduled) ? times.LatestAt(context.FireTimeUtc) : scheduled;
        return latest >= schedule.EffectiveFrom ? latest : null;
    }

    [LoggerMessage(6001, LogLevel.Information, "Schedule {Name} ({Schedule}) fires for {FireTime:O}: run {Firing} is {State}")]
    private partial void LogFired(string name, Guid schedule, DateTimeOffset fireTime, Guid firing, FiringState state);
}
