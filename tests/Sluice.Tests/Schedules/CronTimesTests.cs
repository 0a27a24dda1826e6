using System.Globalization;
using Sluice.Service.Schedules;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>When a schedule fires, above all in the two nights in which clocks change.</summary>
public sealed class CronTimesTests
{
    private const string Nightly = "0 30 2 * * ?", Berlin = "Europe/Berlin";

    [Theory]
    // Put forward at 02:00: 02:30 does not exist, and counts at 03:00 of the new time.
    [InlineData("2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    // Put back at 03:00: 02:30 comes twice, and counts the first time.
    [InlineData("2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    public void A_night_in_which_the_clock_changes_fires_once(string from, string that, string after)
    {
        Assert.Equal([At(that), At(after)], CronTimes.Of(Nightly, Berlin).Next(At(from), 2));
        Assert.Equal([At(after)], CronTimes.Of(Nightly, Berlin).Next(At(that), 1));
    }

    [Fact]
    public void Over_two_years_there_is_one_time_for_every_day()
    {
        IReadOnlyList<DateTimeOffset> times = CronTimes.Of(Nightly, Berlin).Next(At("2025-12-31T12:00:00Z"), 730);
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(Berlin);
        Assert.Equal(730, times.Select(time => TimeZoneInfo.ConvertTime(time, zone).Date).Distinct().Count());
        Assert.Equal(At("2027-12-31T01:30:00Z"), times[^1]);
    }

    [Theory]
    [InlineData(Nightly, Berlin)]
    [InlineData("0 */20 * * * ?", Berlin)]
    [InlineData("0 0 6 ? * MON-FRI", "America/New_York")]
    [InlineData("0 0 0 L * ?", "Australia/Lord_Howe")]
    public void The_latest_time_is_the_one_that_looking_forward_finds(string cron, string zone)
    {
        CronTimes times = CronTimes.Of(cron, zone);
        foreach (string start in new[] { "2026-03-07T20:00:00Z", "2026-03-28T22:00:00Z", "2026-04-04T12:00:00Z", "2026-10-03T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-31T20:00:00Z" })
        {
            IReadOnlyList<DateTimeOffset> forward = times.Next(At(start), 60);
            for (int i = 0; i + 1 < forward.Count; i++)
            {
                DateTimeOffset between = forward[i] + ((forward[i + 1] - forward[i]) / 2);
                Assert.Equal((forward[i], forward[i]), (times.LatestAt(forward[i]), times.LatestAt(between)));
                Assert.True(times.Has(forward[i]));
                Assert.False(times.Has(forward[i].AddSeconds(1)) && forward[i].AddSeconds(1) != forward[i + 1]);
            }
        }
    }

    [Theory]
    [InlineData("2026-06-01T00:30:00Z", "06:00", "2026-06-01T04:00:00Z")]
    [InlineData("2026-06-01T05:00:00Z", "06:00", "2026-06-02T04:00:00Z")]
    // The clock is put forward between the firing and the deadline; it is put back.
    [InlineData("2026-03-28T23:30:00Z", "06:00", "2026-03-29T04:00:00Z")]
    [InlineData("2026-10-24T22:30:00Z", "06:00", "2026-10-25T05:00:00Z")]
    // A time that does not exist, one that comes twice.
    [InlineData("2026-03-28T23:30:00Z", "02:30", "2026-03-29T01:30:00Z")]
    [InlineData("2026-10-24T22:30:00Z", "02:30", "2026-10-25T00:30:00Z")]
    public void Finish_by_is_the_next_time_that_the_zones_clocks_show_it(string fired, string by, string deadline) =>
        Assert.Equal(At(deadline), CronTimes.Of(Nightly, Berlin).FinishBy(At(fired), TimeOnly.Parse(by, CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("30 2 * * ?", "is no cron expression")]
    [InlineData("0 30 2 * * *  x y", "is no cron expression")]
    [InlineData("0 99 2 * * ?", "has 99 in its field 2, which goes to 59")]
    [InlineData("0 0 24 * * ?", "has 24 in its field 3")]
    [InlineData("0 0 0 1 1 ? 2020", "has no time to come")]
    [InlineData("", "is no cron expression")]
    public void An_expression_that_is_none_is_named_with_its_fault(string cron, string fault) =>
        Assert.StartsWith(fault, CronTimes.Fault(cron, At("2026-01-01T00:00:00Z")), StringComparison.Ordinal);

    [Theory]
    [InlineData("UTC", true)]
    [InlineData("Europe/Berlin", true)]
    [InlineData("Mars/Olympus", false)]
    [InlineData("../etc/passwd", false)]
    public void A_zone_is_one_by_its_IANA_name(string name, bool known) => Assert.Equal(known, CronTimes.FindZone(name) is not null);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
