using Sluice.Batching;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class EngineLedgerTests
{
    private static readonly EngineInfo s_info = new("m", "0", "cpu", 4096, 64, MaxSequences: 4, MaxStepTokens: 256, PageTokens: 16, TotalPages: 64);

    [Fact]
    public void Interactive_jobs_see_what_they_have_left_one_another()
    {
        EngineLedger ledger = new(s_info with { YieldsToInteractive = true });
        WaitingJob bulk = Job(JobClass.Bulk, 160), standard = Job(JobClass.Standard, 80), urgent = Job(JobClass.Interactive, 32);
        ledger.Take(Batch(tokens: 240, interactive: 0, bulk, standard), Load(0));
        ledger.Take(Batch(tokens: 32, interactive: 32, urgent), Load(0));
        Assert.Equal((1, 64 - 11 - 6 - 3, 0), Lesser(ledger.Room(Load(0))));
        Assert.Equal((3, 64 - 3, 256 - 1 - 32), Interactive(ledger.Room(Load(0))));

        // the step that took the prompts is over
        Assert.Equal((1, 44, 253), Lesser(ledger.Room(Load(1))));
        Assert.Equal((3, 61, 255), Interactive(ledger.Room(Load(1))));

        ledger.Free(urgent, suspect: false);
        ledger.Free(bulk, suspect: false);
        Assert.Equal((3, 58, 255), Lesser(ledger.Room(Load(1))));
        Assert.Equal((4, 64, 256), Interactive(ledger.Room(Load(1))));
    }

    [Fact]
    public void What_was_taken_back_counts_until_its_jobs_end_and_leaves_no_room_below_zero()
    {
        EngineLedger ledger = new(s_info with { YieldsToInteractive = true });
        WaitingJob[] bulk = [.. Enumerable.Range(0, 4).Select(_ => Job(JobClass.Bulk, 200))];
        ledger.Take(Batch(tokens: 256, interactive: 0, bulk), Load(0));
        ledger.Take(Batch(tokens: 100, interactive: 100, Job(JobClass.Interactive, 100)), Load(1));
        EngineRoom room = ledger.Room(Load(1));
        Assert.Equal((5, 0), (room.Running, room.FreeSequences));
        Assert.Equal((0, 64 - (4 * 14) - 8, 256 - 5 - 100), Lesser(room));
        Assert.Equal((3, 56, 256 - 1 - 100), Interactive(room));
    }

    [Fact]
    public void Pages_that_jobs_share_are_free_for_others_and_never_more_than_there_are()
    {
        EngineLedger ledger = new(s_info with { YieldsToInteractive = true });
        ledger.Take(Batch(tokens: 100, interactive: 0, Job(JobClass.Standard, 160), Job(JobClass.Standard, 160)), Load(0));
        Assert.Equal(64 - 22, ledger.Room(Load(0)).FreePages);
        Assert.Equal((64 - 22 + 10, 64), (ledger.Room(Load(1) with { SharedPages = 10 }).FreePages, ledger.Room(Load(1) with { SharedPages = 30 }).FreePages));
        Assert.Equal(64, ledger.Room(Load(1) with { SharedPages = 10 }).InteractivePages);
    }

    [Fact]
    public void What_the_engine_has_yet_to_compute_takes_coming_steps()
    {
        EngineLedger ledger = new(s_info with { YieldsToInteractive = true });
        WaitingJob bulk = Job(JobClass.Bulk, 2000);
        ledger.Take(Batch(tokens: 128, interactive: 0, bulk), Load(0));
        EngineRoom room = ledger.Room(Load(1) with { PrefillLeft = 200, InteractivePrefillLeft = 50 });
        Assert.Equal((256 - 1 - 200, 256 - 50), (room.FreeStepTokens, room.InteractiveStepTokens));
        Assert.True(ledger.WaitsForSteps);
        Assert.Equal(0, ledger.Room(Load(1) with { PrefillLeft = 2000 }).FreeStepTokens);
        Assert.Equal(255, ledger.Room(Load(9)).FreeStepTokens);
        Assert.False(ledger.WaitsForSteps);
    }

    [Fact]
    public void An_engine_that_takes_nothing_back_has_no_other_room_for_interactive_jobs()
    {
        EngineLedger ledger = new(s_info);
        ledger.Take(Batch(tokens: 32, interactive: 32, Job(JobClass.Interactive, 32)), Load(0));
        EngineRoom room = ledger.Room(Load(0));
        Assert.Equal(((int?)null, (int?)null, (int?)null), (room.InteractiveSequences, room.InteractivePages, room.InteractiveStepTokens));
    }

    private static (int, int, int) Lesser(EngineRoom room) => (room.FreeSequences, room.FreePages, room.FreeStepTokens);

    private static (int?, int?, int?) Interactive(EngineRoom room) => (room.InteractiveSequences, room.InteractivePages, room.InteractiveStepTokens);

    private static EngineLoad Load(long steps) => new() { Steps = steps };

    private static FormedBatch Batch(int tokens, int interactive, params WaitingJob[] jobs) =>
        new(Guid.Empty, jobs, CloseReason.Full, jobs.Sum(job => job.PromptTokens), tokens, jobs.Sum(job => job.Pages(16)), false, default) { InteractiveStepTokens = interactive };

    private static WaitingJob Job(JobClass @class, int prompt) => new()
    {
        Id = new JobId(Guid.NewGuid()),
        Tenant = "t",
        Class = @class,
        PromptTokens = prompt,
        MaxNewTokens = 16,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };
}
