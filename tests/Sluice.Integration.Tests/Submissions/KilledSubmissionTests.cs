using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Submissions;

/// <summary>A submission whose feeder and worker, one process, is killed. <c>ops/checks/submission-kill.sh</c> does the same at any size, through the HTTP surface.</summary>
[Collection(PostgresTests.Name)]
public sealed class KilledSubmissionTests(PostgresDatabase database) : RealRigs(database)
{
    private const int Lines = 3000, AtOnce = 200;
    private const string Tenant = "t1";

    [Fact]
    public async Task A_process_that_ends_as_by_kill_9_while_lines_are_fed_and_run_leaves_every_line_answered_once_and_in_order()
    {
        Dictionary<string, string?> settings = Settings(
            "w1", ("Submissions:LivePerSubmission", "600"), ("Submissions:FeedLines", $"{AtOnce}"), ("Submissions:FeederLease", "00:00:01"), ("Worker:StubDelay", "00:00:00.05"), ("Worker:StubSequences", "50"));
        await using ServiceProvider parts = SluiceHost.OpenStore(new SluiceHostOptions { Settings = settings });
        ISubmissionStore store = parts.GetRequiredService<ISubmissionStore>();
        Guid id = await StageAsync(store);
        // with 600 live at the most, what is fed for the sixth time is fed while others run
        await CrashAsync("feed_before_commit:6");
        Assert.InRange(await CountAsync("select count(*) from jobs"), 1, 5 * AtOnce);
        await CrashAsync("feed_after_commit:5");
        Assert.InRange(await CountAsync("select count(*) from jobs"), 1, 10 * AtOnce);
        Assert.InRange(await CountAsync("select count(*) from jobs where state = 2"), 1, 10 * AtOnce);

        await using ChildService last = new(settings, "scheduler,worker");
        await WorkerRig.EventuallyAsync(async () => (await store.GetAsync(Tenant, id, default))!.State == SubmissionState.Finished, "the submission ends", 180);
        SubmissionCounts counts = (await store.GetAsync(Tenant, id, default))!.Counts;
        Assert.Equal((Lines, 0, Lines, 0), (counts.Succeeded, counts.Invalid, counts.Fed, counts.Pending));
        Assert.Equal((Lines, Lines, Lines), (await CountAsync("select count(*) from jobs"), await CountAsync("select count(*) from results"), await CountAsync("select count(*) from job_events where state = 2")));
        IReadOnlyList<LineOutcome> lines = await store.LinesAsync(Tenant, id, LineFilter.Succeeded, 0, Lines + 1, default);
        Assert.Equal(Enumerable.Range(1, Lines).Select(Name), lines.Select(line => line.CustomId));

        async Task CrashAsync(string at)
        {
            await using ChildService child = new(settings, "scheduler,worker", crashAt: at);
            await WorkerRig.EventuallyAsync(() => child.HasExited, $"{at} is reached", 120);
        }
    }

    private static async Task<Guid> StageAsync(ISubmissionStore store)
    {
        Guid id = Guid.CreateVersion7();
        await store.StartAsync(new NewSubmission { Id = id, Tenant = Tenant }, default);
        StagedLine[] lines = [.. Enumerable.Range(1, Lines).Select(i => new StagedLine(
            i, Encoding.UTF8.GetBytes($$$"""{"custom_id":"{{{Name(i)}}}","model":"stub","prompt":"Item {{{i}}}: what is it?","cache":{"mode":"off"}}"""), Name(i)))];
        Assert.True((await store.StageAsync(Tenant, id, new LineChunk { After = 0, Last = Lines, Lines = lines }, default)).Staged);
        await store.CloseAsync(Tenant, id, UploadEnd.Complete, null, default);
        return id;
    }

    private static string Name(int line) => string.Create(CultureInfo.InvariantCulture, $"c{line}");
}
