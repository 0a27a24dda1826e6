using System.Globalization;

namespace Sluice.Cli;

/// <summary>Fault injection: a clock that is wrong by as many seconds as <c>SLUICE_CLOCK_OFFSET</c> says. Durations and timers are right. Unset, the system's own clock.</summary>
internal sealed class ShiftedTime(TimeSpan offset) : TimeProvider
{
    public const string Variable = "SLUICE_CLOCK_OFFSET";

    /// <summary>What the variable's value asks for; what is no number of seconds is no offset.</summary>
    public static TimeProvider Of(string? seconds) =>
        double.TryParse(seconds, NumberStyles.Float, CultureInfo.InvariantCulture, out double by) && Math.Abs(by) < 1e8 && by != 0 ? new ShiftedTime(TimeSpan.FromSeconds(by)) : System;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + offset;
}
