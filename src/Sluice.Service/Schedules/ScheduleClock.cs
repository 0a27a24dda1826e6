using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Quartz;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>Keeps Quartz's triggers as our schedules are: at the start all of them, then those that changed. Every scheduler may; they do the same.</summary>
internal sealed partial class ScheduleClock(IScheduleStore store, Firings firings, ISchedulerFactory factory, IOptions<ScheduleOptions> options, TimeProvider time, ILogger<ScheduleClock> logger) : BackgroundService
{
    private const string Group = "schedules";
    private static readonly JobKey s_job = new("fire", Group);

    /// <summary>After so many rounds every trigger is looked at again, changed or not.</summary>
    private const int FullEvery = 300;

    private readonly Dictionary<Guid, int> _known = [];
    private readonly HashSet<(Guid Schedule, int Version)> _refused = []; // told of since the last full round
    private int _round;

    /// <summary>Triggers stay in Postgres for the schedulers that go on.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Rounds.RunAsync(options.Value.Poll, atOnce: true, FollowAsync, failure => LogFailed(failure.Message), time, stoppingToken);

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        int round = _round;
        _round = 0; // where this one fails, the next does what it could not, from the beginning
        await FollowAsync(full: round % FullEvery == 0, cancellationToken);
        _round = round + 1;
    }

    private async Task FollowAsync(bool full, CancellationToken cancellationToken)
    {
        IReadOnlyList<ScheduleRecord> active = await store.ActiveAsync(cancellationToken);
        IScheduler scheduler = await factory.GetScheduler(cancellationToken);
        if (full)
        {
            _known.Clear();
            _refused.Clear();
            await scheduler.AddJob(JobBuilder.Create<FiringJob>().WithIdentity(s_job).StoreDurably().RequestRecovery().Build(), AddJobOptions.Replacing, cancellationToken);
            await RemoveStrangersAsync(scheduler, active, cancellationToken);
        }
        foreach (ScheduleRecord schedule in active.Where(s => !_known.TryGetValue(s.Id, out int version) || version != s.Version))
        {
            try
            {
                await SetAsync(scheduler, schedule, cancellationToken);
                _known[schedule.Id] = schedule.Version;
            }
            catch (Exception failure) when (failure is not StoreUnavailableException && !cancellationToken.IsCancellationRequested)
            {
                // The others are set; the next round tries this one again.
                if (_refused.Add((schedule.Id, schedule.Version)))
                {
                    LogRefused(schedule.Name, schedule.Id, failure);
                }
            }
        }
        HashSet<Guid> living = [.. active.Select(s => s.Id)];
        foreach (Guid gone in _known.Keys.Where(id => !living.Contains(id)).ToList())
        {
            await scheduler.UnscheduleJob(KeyOf(gone), cancellationToken);
            _known.Remove(gone);
        }
    }

    private async Task SetAsync(IScheduler scheduler, ScheduleRecord schedule, CancellationToken cancellationToken)
    {
        string version = schedule.Version.ToString(CultureInfo.InvariantCulture);
        TriggerKey key = KeyOf(schedule.Id);
        if (await scheduler.GetTrigger(key, cancellationToken) is { } known && known.JobDataMap.GetString(FiringJob.VersionKey) == version)
        {
            if (await scheduler.GetTriggerState(key, cancellationToken) == TriggerState.Error)
            {
                await scheduler.ResetTriggerFromErrorState(key, cancellationToken);
            }
            return;
        }
        DateTimeOffset start = schedule.LastFireTime > schedule.EffectiveFrom ? schedule.LastFireTime.Value : schedule.EffectiveFrom;
        if (CronTimes.Of(schedule.Cron, schedule.TimeZone).Next(start.AddSeconds(-1), 1).Count == 0)
        {
            // Its years have passed, as while it was paused: Quartz takes no trigger that never fires.
            await scheduler.UnscheduleJob(key, cancellationToken);
            return;
        }
        ITrigger trigger = TriggerBuilder.Create()
            .WithIdentity(key)
            .ForJob(s_job)
            .StartAt(start)
            .UsingJobData(FiringJob.ScheduleKey, schedule.Id.ToString())
            .UsingJobData(FiringJob.TenantKey, schedule.Tenant)
            .UsingJobData(FiringJob.VersionKey, version)
            .WithSchedule(CronScheduleBuilder.Create(schedule.Cron)
                .InTimeZone(TimeZoneInfo.FindSystemTimeZoneById(schedule.TimeZone))
                .WithMisfireInstruction(schedule.Misfire == MisfirePolicy.FireOnce ? CronTriggerMisfireInstruction.FireAndProceed : CronTriggerMisfireInstruction.DoNothing))
            .Build();
        await scheduler.ScheduleTrigger(trigger, TriggerConflict.Replace, cancellationToken);
        LogSet(schedule.Name, schedule.Id, schedule.Cron, schedule.TimeZone);
        await CatchUpAsync(schedule, start, cancellationToken);
    }

    /// <summary>A new trigger looks forward only: what passed since the last firing, while there was none, is judged here as Quartz judges the times that its own triggers missed.</summary>
    private async Task CatchUpAsync(ScheduleRecord schedule, DateTimeOffset since, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (CronTimes.Of(schedule.Cron, schedule.TimeZone).LatestAt(now) is { } latest && latest > since
            && (schedule.Misfire == MisfirePolicy.FireOnce || now - latest <= options.Value.MisfireThreshold))
        {
            await firings.FireAsync(schedule, latest, cancellationToken);
        }
    }

    private static async Task RemoveStrangersAsync(IScheduler scheduler, IReadOnlyList<ScheduleRecord> active, CancellationToken cancellationToken)
    {
        HashSet<string> living = [.. active.Select(s => KeyOf(s.Id).Name)];
        foreach (TriggerKey key in await scheduler.GetTriggerKeys(GroupMatcher<TriggerKey>.GroupEquals(Group), cancellationToken))
        {
            if (!living.Contains(key.Name))
            {
                await scheduler.UnscheduleJob(key, cancellationToken);
            }
        }
    }

    private static TriggerKey KeyOf(Guid schedule) => new(schedule.ToString("N"), Group);

    [LoggerMessage(6010, LogLevel.Information, "Schedule {Name} ({Schedule}) is watched: {Cron} in {Zone}")]
    private partial void LogSet(string name, Guid schedule, string cron, string zone);

    [LoggerMessage(6012, LogLevel.Error, "Schedule {Name} ({Schedule}) cannot be watched and is tried again; the others are watched")]
    private partial void LogRefused(string name, Guid schedule, Exception failure);

    [LoggerMessage(6011, LogLevel.Warning, "The schedules' clock could not be set and is tried again: {Reason}")]
    private partial void LogFailed(string reason);
}
