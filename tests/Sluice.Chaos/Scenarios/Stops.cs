using Sluice.Chaos.Children;

namespace Sluice.Chaos.Scenarios;

/// <summary>Stops in order, and what they may cost.</summary>
internal static class Stops
{
    /// <summary>As in a service: a machine that starves a worker for three seconds is no part of this.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30);

    private const double Most = 25;
    private const double MostAtOnce = 10;
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(100);

    /// <summary>Tells a process to end, and says where it does not do so in time with exit code 0.</summary>
    public static async Task StopAsync(Stage stage, Child child, string name, bool twice, List<string> faults, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        await child.SignalAsync("TERM");
        if (twice)
        {
            await Task.Delay(s_again, cancellationToken);
            await child.SignalAsync("TERM");
            stage.Count("told_twice");
        }
        await child.ExitAsync(cancellationToken);
        double took = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        stage.Longest("longest_exit_s", took);
        if (child.ExitCode != 0 || took > (twice ? MostAtOnce : Most))
        {
            faults.Add($"{name}: exit code {child.ExitCode} after {took:0.0} s");
        }
    }

    /// <summary>A stop in order charges nobody an attempt.</summary>
    public static async Task NoteChargedAsync(Stage stage, List<string> faults)
    {
        long charged = await stage.Ledger.CountAsync("select coalesce(sum(failures + suspicions), 0)::bigint from jobs");
        stage.Count("attempts_charged", charged);
        if (charged > 0)
        {
            faults.Add($"{charged} attempts charged");
        }
    }
}
