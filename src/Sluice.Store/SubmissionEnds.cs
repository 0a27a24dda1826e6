using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>What the store itself says about lines, worded the same by every implementation.</summary>
internal static class SubmissionEnds
{
    /// <summary>The event of an end, whichever it was.</summary>
    public const string FinishedEvent = "submission.finished";

    public static FieldError Duplicate(string customId) =>
        new("custom_id", $"custom_id '{Shown(customId)}' belongs to an earlier line of this submission.", "duplicate");

    private static string Shown(string id) => id.Length > 64 ? string.Concat(id.AsSpan(0, 61), "...") : id;
}
