using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

/// <summary>What must hold of every batch, worked out from the outside.</summary>
internal static class FormerPromises
{
    /// <param name="patient">Those of the batch for which no room is taken back.</param>
    public static void KeepsItsBudgets(FormedBatch batch, IReadOnlyCollection<WaitingJob> patient, EngineRoom room)
    {
        Assert.NotEmpty(batch.Jobs);
        Assert.True(patient.Count <= room.FreeSequences && patient.Sum(Pages) <= room.FreePages);
        bool takes = patient.Count < batch.Jobs.Count;
        Assert.True(batch.Jobs.Count <= (takes ? room.InteractiveSequences : room.FreeSequences));
        Assert.Equal(batch.Jobs.Sum(Pages), batch.Pages);
        Assert.True(batch.Pages <= (takes ? room.InteractivePages : room.FreePages));
        // rows of the coming step go to interactive jobs first
        bool first = room.InteractiveStepTokens is not null && batch.Jobs.Any(j => j.Class == JobClass.Interactive);
        int left = first ? room.InteractiveStepTokens!.Value : room.FreeStepTokens;
        Assert.True(batch.StepTokens - batch.InteractiveStepTokens <= room.FreeStepTokens);
        int tokens = Math.Min(batch.Jobs.Sum(j => Tokens(j, room)), left); // the last prompt is cut
        if (!first && batch.Jobs.All(j => j.Chain.IsEmpty)) Assert.Equal(tokens, batch.StepTokens);
        Assert.InRange(batch.StepTokens, 1, tokens); // what is thought to be in pages need not be computed
        Assert.InRange(batch.InteractiveStepTokens, 0, Math.Min(batch.StepTokens, batch.Jobs.Where(j => j.Class == JobClass.Interactive).Sum(j => Tokens(j, room))));
        Assert.Equal(batch.Jobs.Sum(j => j.PromptTokens), batch.PromptTokens);
    }

    public static void KeepsSuspectsApart(FormedBatch batch, EngineRoom room)
    {
        Assert.Equal(0, room.RunningSuspects);
        Assert.All(batch.Jobs, j => Assert.Equal(batch.Suspects, j.Suspicions > 0));
        if (!batch.Suspects) return;
        Assert.Equal(0, room.Running);
        Assert.True(batch.Jobs.Count <= SuspectLimit(batch.Jobs, room));
    }

    public static void BulkYields(FormedBatch batch, IEnumerable<WaitingJob> rest)
    {
        if (batch.Suspects || batch.Jobs.All(j => j.Class != JobClass.Bulk)) return;
        Assert.DoesNotContain(rest, j => j.Class == JobClass.Interactive && j.Suspicions == 0);
    }

    public static void ReasonFits(
        FormedBatch batch, EngineRoom room, WaitingJob[] rest, TimeSpan longest, DateTimeOffset now, CostEstimate cost, FormerOptions options)
    {
        switch (batch.Reason)
        {
            case CloseReason.Full:
                Assert.True(
                    batch.Jobs.Count >= room.FreeSequences || batch.Pages >= room.FreePages || batch.StepTokens >= room.FreeStepTokens
                    || rest.Any(j => Fits(j, room, 0, 0, 0) && !Fits(j, room, batch.Jobs.Count, batch.Pages, batch.StepTokens))
                    || (batch.Suspects && rest.Any(j => j.Suspicions > 0 && batch.Jobs.Count + 1 > SuspectLimit([.. batch.Jobs, j], room))));
                break;
            case CloseReason.DeadlineNear:
                Assert.Contains(batch.Jobs, j => j.Deadline is { } d && d - cost.Predict(j).Safe <= now + options.NearDeadline + TimeSpan.FromMilliseconds(1));
                break;
            case CloseReason.EngineIdle:
                Assert.True(room.Running == 0 || room.Running < options.StarvingShare * room.MaxSequences);
                break;
            case CloseReason.LingerOver:
                Assert.True(longest >= options.Linger);
                break;
        }
    }

    /// <summary>
    /// After the last batch, who still waits longer than the linger though it fits? Nobody, unless suspects have the floor, room is kept for a bigger job,
    /// or it is bulk and interactive waits.
    /// </summary>
    public static void NobodyLingersTooLong(EngineRoom room, IEnumerable<(WaitingJob Job, DateTimeOffset Since)> waiting, DateTimeOffset now, FormerOptions options)
    {
        (WaitingJob Job, DateTimeOffset Since)[] all = [.. waiting];
        if (room.RunningSuspects > 0 || all.Any(w => w.Job.Suspicions > 0)) return;
        if (all.Any(w => !Fits(w.Job, room, 0, 0, 0))) return;
        Assert.DoesNotContain(all, w => now - w.Since >= options.Linger);
    }

    /// <summary>Where an engine takes room back, the former says when to ask again for whoever may not have it yet; of many, for the first.</summary>
    public static void AsksAgainForInteractive(
        FormerDecision decision, EngineRoom room, IEnumerable<(WaitingJob Job, DateTimeOffset Since)> waiting, DateTimeOffset now, FormerOptions options)
    {
        // what has a deadline may have been given up
        (WaitingJob Job, DateTimeOffset Since)[] interactive = [.. waiting.Where(w => w.Job is { Class: JobClass.Interactive, Suspicions: 0 })];
        if (room.InteractiveSequences is null || interactive.Length > 16) return;
        Assert.All(
            interactive.Where(w => w.Job.Deadline is null && now - w.Since < options.YieldAfter),
            w => Assert.True(decision.LookAgainAt <= w.Since + options.YieldAfter, "nobody asks again when it may take room"));
    }

    private static bool Fits(WaitingJob job, EngineRoom room, int jobs, int pages, int tokens) =>
        jobs < room.FreeSequences && Pages(job) <= room.FreePages - pages && tokens < room.FreeStepTokens;

    private static int Pages(WaitingJob job) => (job.PromptTokens + job.MaxNewTokens + 15) / 16;

    private static int Tokens(WaitingJob job, EngineRoom room) => Math.Min(job.PromptTokens, room.MaxStepTokens / 2);

    private static int SuspectLimit(IReadOnlyCollection<WaitingJob> jobs, EngineRoom room) => Math.Max(1, room.MaxSequences >> jobs.Max(j => j.Suspicions));
}
