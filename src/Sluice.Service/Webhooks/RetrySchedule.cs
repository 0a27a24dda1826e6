namespace Sluice.Service.Webhooks;

/// <summary>When a delivery is tried again: ten attempts over about three days, each delay counted from the attempt before.</summary>
internal static class RetrySchedule
{
    public const double Jitter = 0.2;
    public static readonly TimeSpan MostRetryAfter = TimeSpan.FromHours(24);

    /// <summary>Before attempt 2, 3, …</summary>
    public static readonly IReadOnlyList<TimeSpan> Delays =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    public static int Attempts => Delays.Count + 1;

    /// <summary>From the failed attempt (1 the first) to the next; null where it was the last. The receiver's wish is honoured where it is later, up to a day.</summary>
    /// <param name="attempt">The one that failed.</param>
    /// <param name="retryAfter">What the receiver asked for.</param>
    /// <param name="chance">0 to 1, spread over ±20 %.</param>
    public static TimeSpan? After(int attempt, TimeSpan? retryAfter, double chance)
    {
        if (attempt > Delays.Count)
        {
            return null;
        }
        TimeSpan delay = Delays[Math.Max(attempt, 1) - 1] * (1 - Jitter + (2 * Jitter * chance));
        TimeSpan wish = retryAfter is { } asked && asked < MostRetryAfter ? asked : retryAfter is null ? TimeSpan.Zero : MostRetryAfter;
        return wish > delay ? wish : delay;
    }
}
