using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>Notes that a schedule's time has come, whoever says so: the clock, or a person.</summary>
internal sealed class Firings(IScheduleStore store, Microsoft.Extensions.Options.IOptions<ScheduleOptions> options, TimeProvider time)
{
    /// <summary>Null: it is known already, or the schedule is gone or paused.</summary>
    public Task<FiringRecord?> FireAsync(ScheduleRecord schedule, DateTimeOffset scheduled, CancellationToken cancellationToken) => FireAsync(schedule, scheduled, scheduled, cancellationToken);

    /// <summary>Now, whatever the clock says. Null: the schedule is gone.</summary>
    public Task<FiringRecord?> RunNowAsync(ScheduleRecord schedule, CancellationToken cancellationToken) => FireAsync(schedule, null, time.GetUtcNow(), cancellationToken);

    private Task<FiringRecord?> FireAsync(ScheduleRecord schedule, DateTimeOffset? scheduled, DateTimeOffset from, CancellationToken cancellationToken) => store.FireAsync(
        new FireRequest
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            Schedule = schedule.Id,
            FireTime = scheduled,
            Deadline = Deadline(schedule, from),
            MostWaiting = options.Value.MostWaiting,
        },
        cancellationToken);

    private static DateTimeOffset? Deadline(ScheduleRecord schedule, DateTimeOffset from) =>
        schedule.FinishWithin is { } within ? from + within
        : schedule.FinishBy is { } by ? CronTimes.Of(schedule.Cron, schedule.TimeZone).FinishBy(from, by)
        : null;
}
