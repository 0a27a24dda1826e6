using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Quartz;

namespace Sluice.Service.Schedules;

/// <summary>
/// The times of a schedule: a cron expression (seconds first) in a time zone. In the night when a clock is put forward a time that does not exist counts when the clock has been put forward;
/// in the night when it is put back a time that comes twice counts once, the first time.
/// </summary>
internal sealed class CronTimes
{
    public const int MostText = 120;
    private const int LookBacks = 4;
    private static readonly TimeSpan s_beforeDoubled = TimeSpan.FromHours(3);

    // Of seconds, minutes, hours, days, months, days of the week.
    private static readonly int[] s_highest = [59, 59, 23, 31, 12, 7];

    private readonly CronExpression _expression;

    private CronTimes(CronExpression expression, TimeZoneInfo zone) => (_expression, Zone) = (expression.WithTimeZone(zone), zone);

    public TimeZoneInfo Zone { get; }

    /// <summary>Of a schedule that was checked when it was made.</summary>
    public static CronTimes Of(string cron, string zone) =>
        TryParse(cron, out CronExpression? expression, out string? fault) ? new CronTimes(expression, TimeZoneInfo.FindSystemTimeZoneById(zone)) : throw new FormatException($"'{cron}' {fault}.");

    /// <summary>What is wrong with an expression, in words; null where nothing is.</summary>
    public static string? Fault(string cron, DateTimeOffset now) =>
        !TryParse(cron, out CronExpression? expression, out string? fault) ? fault
        : expression.GetNextValidTimeAfter(now) is null ? "has no time to come"
        : null;

    /// <summary>The zone of an IANA name; null where there is none.</summary>
    public static TimeZoneInfo? FindZone(string name) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone) && (zone.HasIanaId || name is "UTC") ? zone : null;

    /// <summary>The first so many after an instant.</summary>
    public IReadOnlyList<DateTimeOffset> Next(DateTimeOffset after, int most)
    {
        List<DateTimeOffset> times = [];
        DateTimeOffset at = after;
        while (times.Count < most && _expression.GetNextValidTimeAfter(at) is { } next)
        {
            times.Add(next.ToUniversalTime());
            at = next;
        }
        return times;
    }

    /// <summary>The latest of an instant or before it, as looking forward would have found it; null where there is none.</summary>
    public DateTimeOffset? LatestAt(DateTimeOffset instant)
    {
        // Looking back, a time that comes twice is found the second time. So: back, far enough to be before any doubled hour, and forward from there.
        DateTimeOffset from = instant.AddSeconds(1);
        for (int i = 0; i < LookBacks; i++)
        {
            if (_expression.GetPreviousValidTimeBefore(from) is not { } candidate)
            {
                return null;
            }
            from = candidate - s_beforeDoubled;
            DateTimeOffset? latest = null;
            for (DateTimeOffset? next = _expression.GetNextValidTimeAfter(from); next <= instant; next = _expression.GetNextValidTimeAfter(next.Value))
            {
                latest = next.Value.ToUniversalTime();
            }
            if (latest is not null)
            {
                return latest;
            }
        }
        return null;
    }

    /// <summary>Whether it is one of them.</summary>
    public bool Has(DateTimeOffset instant) => LatestAt(instant) == instant.ToUniversalTime();

    /// <summary>When what fires then is to be finished: the first instant after it at which the zone's clocks show this time.</summary>
    public DateTimeOffset FinishBy(DateTimeOffset fireTime, TimeOnly time)
    {
        DateTimeOffset local = TimeZoneInfo.ConvertTime(fireTime, Zone);
        for (DateTime day = local.Date; ; day = day.AddDays(1))
        {
            DateTime wall = day + time.ToTimeSpan();
            // A time that does not exist that night is met when the clock has been put forward.
            TimeSpan offset = Zone.IsAmbiguousTime(wall) ? Zone.GetAmbiguousTimeOffsets(wall).Max() : Zone.GetUtcOffset(Zone.IsInvalidTime(wall) ? wall.AddDays(-1) : wall);
            DateTimeOffset instant = new DateTimeOffset(wall, offset).ToUniversalTime();
            if (instant > fireTime)
            {
                return instant;
            }
        }
    }

    /// <summary>A number that its field cannot have.</summary>
    private static string? BeyondField(string cron)
    {
        string[] fields = cron.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < Math.Min(fields.Length, s_highest.Length); i++)
        {
            foreach (string number in fields[i].Split([.. fields[i].Where(c => !char.IsAsciiDigit(c)).Distinct()], StringSplitOptions.RemoveEmptyEntries))
            {
                if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value > s_highest[i])
                {
                    return $"has {number} in its field {i + 1}, which goes to {s_highest[i]}";
                }
            }
        }
        return null;
    }

    private static bool TryParse(string cron, [NotNullWhen(true)] out CronExpression? expression, [NotNullWhen(false)] out string? fault)
    {
        expression = null;
        fault = cron.Length > MostText ? $"may have at most {MostText} characters" : null;
        if (fault is not null)
        {
            return false;
        }
        if (BeyondField(cron) is string beyond)
        {
            fault = beyond;
            return false;
        }
        try
        {
            expression = new CronExpression(cron);
            return true;
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException)
        {
            fault = $"is no cron expression of six or seven fields, seconds first, such as '0 30 2 * * ?': {failure.Message.TrimEnd('.')}";
            return false;
        }
    }
}
