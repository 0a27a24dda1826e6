using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Service.Schedules;
using Sluice.Store;
using Sluice.Tests.Api;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>Runs that fail as nobody foresaw, beside one that is well.</summary>
public sealed class FiringRunnerTests : IDisposable
{
    private const string Tenant = "default";

    private readonly string _root = Directory.CreateTempSubdirectory("sluice-runner-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Runs_that_fail_as_nobody_foresaw_end_after_their_attempts_and_keep_no_other_from_its_turn()
    {
        Directory.CreateDirectory(Path.Combine(_root, Tenant));
        await File.WriteAllTextAsync(Path.Combine(_root, Tenant, "in.jsonl"), """
            {"id":"a","text":"one"}
            {"id":"b\u0000c"}
            """);
        await using ApiHost host = await ApiHost.StartAsync(
            new() { ["Schedules:FilesRoot"] = _root, ["Schedules:Poll"] = "00:00:00.05", ["Schedules:Attempts"] = "2", ["Schedules:RetryDelay"] = "00:00:00.01" }, worker: true);
        IScheduleStore store = host.Parts.GetRequiredService<IScheduleStore>();
        // As many as a scheduler works on at a time, each of them older than the one that is well.
        List<FiringRecord> broken = [];
        for (int i = 0; i < new ScheduleOptions().Concurrency; i++)
        {
            broken.Add(await FireAsync(store, $"broken-{i}", "no JSON at all"));
        }
        FiringRecord well = await FireAsync(store, "well", """{"type":"jsonl","path":"in.jsonl","key":"id"}""");
        await WorkerRig.EventuallyAsync(async () => (await RunAsync(store, well)).State == FiringState.Finished, "the run that is well is finished", 60);
        Assert.Equal(2, (await RunAsync(store, well)).Rows);
        IReadOnlyList<LineOutcome> refused = await host.Parts.GetRequiredService<ISubmissionStore>().LinesAsync(Tenant, well.Id, LineFilter.Failed, 0, 10, default);
        Assert.Equal((2, "custom_id"), (Assert.Single(refused).Number, Assert.Single(refused[0].Errors!).Field));
        await WorkerRig.EventuallyAsync(async () => (await RunAsync(store, broken[^1])).State == FiringState.Failed, "the last of the others has failed", 60);
        foreach (FiringRecord firing in broken)
        {
            FiringRecord run = await RunAsync(store, firing);
            Assert.Equal((FiringState.Failed, "internal_error"), (run.State, run.ErrorCode));
        }
    }

    [Fact]
    public async Task A_tenant_whose_runs_fill_its_share_of_the_places_leaves_the_others_to_other_tenants()
    {
        Directory.CreateDirectory(Path.Combine(_root, Tenant));
        await File.WriteAllTextAsync(Path.Combine(_root, Tenant, "in.jsonl"), """{"id":"a","text":"one"}""");
        // Broken runs hold their places through long pauses.
        await using ApiHost host = await ApiHost.StartAsync(
            new() { ["Schedules:FilesRoot"] = _root, ["Schedules:Poll"] = "00:00:00.05", ["Schedules:RetryDelay"] = "00:10:00" }, worker: true);
        IScheduleStore store = host.Parts.GetRequiredService<IScheduleStore>();
        for (int i = 0; i < new ScheduleOptions().Concurrency; i++)
        {
            await FireAsync(store, $"broken-{i}", "no JSON at all", "other");
        }
        FiringRecord well = await FireAsync(store, "well", """{"type":"jsonl","path":"in.jsonl","key":"id"}""");
        await WorkerRig.EventuallyAsync(async () => (await RunAsync(store, well)).State == FiringState.Finished, "the run of the other tenant is finished", 60);
    }

    private static async Task<FiringRecord> RunAsync(IScheduleStore store, FiringRecord firing) => Assert.Single(await store.FiringsAsync(Tenant, firing.Schedule, 10, default));

    private static async Task<FiringRecord> FireAsync(IScheduleStore store, string name, string source, string tenant = Tenant)
    {
        JobRequest request = new() { Model = StubModel.Name, Kind = JobKind.Generate, Prompt = "Say {{text}}" };
        ScheduleRecord schedule = new()
        {
            Id = Guid.CreateVersion7(),
            Tenant = tenant,
            Name = name,
            Cron = "0 0 3 1 1 ? 2099",
            TimeZone = "UTC",
            Source = source,
            Request = JsonSerializer.Serialize(request, JobsJson.Default.JobRequest),
            Sink = """{"type":"results"}""",
        };
        Assert.Equal(ScheduleAdded.Added, await store.AddAsync(schedule, 10, default));
        return (await store.FireAsync(new FireRequest { Id = Guid.CreateVersion7(), Schedule = schedule.Id }, default))!;
    }
}
