using System.Diagnostics;
using System.Globalization;

namespace Sluice.Store;

/// <summary>
/// Fault injection: named places at which a process can be told to end at once, as by kill -9. <c>SLUICE_CRASH_AT=name:nth</c> ends it when it comes to that place for the
/// nth time. Without the variable a place is one comparison of a constant, and nothing else.
/// </summary>
public static class Crash
{
    public const string Variable = "SLUICE_CRASH_AT";

    /// <summary>Every place, in the order of a job's life. Each stands exactly once in the source.</summary>
    public static readonly IReadOnlyList<string> Points =
    [
        "submit_before_commit",
        "submit_after_commit",
        "feed_before_commit",
        "feed_after_commit",
        "bus_before_ack",
        "bus_after_ack",
        "relay_before_publish",
        "relay_after_publish",
        "relay_after_commit",
        "reserve_before_commit",
        "reserve_after_commit",
        "claim_before_commit",
        "claim_after_commit",
        "run_before_engine",
        "run_after_engine",
        "finish_before_commit",
        "finish_after_commit",
        "finish_before_signal",
        "webhook_before_send",
        "webhook_before_mark",
        "webhook_after_mark",
        "register_before_commit",
        "heartbeat_before_beat",
        "reconcile_in_the_middle",
        "reconcile_before_commit",
        "drain_before_release",
        "drain_before_retire",
    ];

    private static readonly (string Name, int Nth)? s_at = Read(Environment.GetEnvironmentVariable(Variable), out s_fault);
    private static readonly string? s_fault;
    private static int s_hits;

    /// <summary>Whether the variable is set.</summary>
    public static bool IsArmed => s_at is not null;

    /// <summary>What is wrong with the variable's value; null where it can be used or is not set.</summary>
    public static string? Fault => s_fault;

    /// <summary>Ends the process here if this is the place and the time.</summary>
    public static void At(string name)
    {
        if (s_at is { } at && at.Name == name && Interlocked.Increment(ref s_hits) == at.Nth)
        {
            Process.GetCurrentProcess().Kill();
        }
    }

    internal static (string Name, int Nth)? Read(string? value, out string? fault)
    {
        fault = null;
        if (string.IsNullOrEmpty(value))
            return null;
        string[] parts = value.Split(':');
        if (parts.Length == 2 && Points.Contains(parts[0]) && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int nth) && nth > 0)
            return (parts[0], nth);
        fault = $"{Variable} must be name:nth, nth 1 or more, name one of {string.Join(", ", Points)}; it is '{value}'.";
        return null;
    }
}
