using System.Globalization;

namespace Sluice.Batching.Waiting;

/// <summary>Why a job leaves unrun, in numbers.</summary>
internal static class Arithmetic
{
    public static string OfExpiry(WaitingJob job, int cached, CostEstimate cost, DateTimeOffset now)
    {
        DateTimeOffset deadline = job.Deadline!.Value.ToUniversalTime();
        TimeSpan left = deadline - now;
        return left < TimeSpan.Zero
            ? Invariant($"deadline {deadline:yyyy-MM-ddTHH:mm:ss.fffZ} passed {-left.TotalSeconds:F3} s ago, after {(now - job.CreatedAt).TotalSeconds:F3} s in the queue")
            : Invariant($"deadline {deadline:yyyy-MM-ddTHH:mm:ss.fffZ} is in {left.TotalSeconds:F3} s, but {job.PromptTokens - cached} prompt tokens{(cached > 0 ? $" besides {cached} in pages" : "")} × {cost.PromptTokenSeconds(job, cached) * 1000:F3} ms + {cost.LeastNewTokens(job)} new tokens × {cost.SecondsPerNewToken * 1000:F3} ms = {cost.Predict(job, cached).Expected.TotalSeconds:F3} s");
    }

    public static string OfImpossibility(WaitingJob job, EngineRoom room) => Invariant(
        $"{job.PromptTokens} prompt tokens + {job.MaxNewTokens} new tokens need {job.Pages(room.PageTokens)} KV pages of {room.PageTokens}; the engine has {room.TotalPages}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
