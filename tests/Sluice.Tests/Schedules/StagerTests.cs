using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Schedules;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>Runs whose deadline passes before another scheduler takes them over; their source is not there any more.</summary>
public sealed class StagerTests : IAsyncDisposable
{
    private const string Tenant = "t1";

    private static readonly TimeSpan s_lease = TimeSpan.FromMinutes(1), s_within = TimeSpan.FromMinutes(10);

    private readonly ManualTime _time = new();
    private readonly MemoryScheduleStore _schedules;
    private readonly MemorySubmissionStore _submissions;
    private readonly NamedConnections _connections;
    private readonly Stager _stager;

    public StagerTests()
    {
        IOptions<ScheduleOptions> options = Options.Create(new ScheduleOptions());
        MemoryJobStore jobs = new(_time);
        (_schedules, _submissions, _connections) = (new MemoryScheduleStore(jobs), new MemorySubmissionStore(jobs), new NamedConnections(options));
        _stager = new Stager(_submissions, new RowSources(_connections, options), Options.Create(new IntakeOptions()), _time, NullLogger<Stager>.Instance);
    }

    public ValueTask DisposeAsync() => _connections.DisposeAsync();

    [Fact]
    public async Task A_run_that_is_late_before_its_first_row_is_skipped()
    {
        FiringRecord late = await RunLateAsync(await FireAsync());
        Assert.Equal((FiringState.Skipped, FiringEnds.DeadlinePassed), (late.State, late.ErrorCode));
        Assert.Null(await _submissions.GetAsync(Tenant, late.Id, default));
    }

    [Fact]
    public async Task A_run_that_is_late_amid_its_rows_is_cancelled_with_its_submission()
    {
        FiringRecord firing = await FireAsync();
        await StageAsync(firing);
        FiringRecord late = await RunLateAsync(firing);
        Assert.Equal((FiringState.Cancelled, FiringEnds.DeadlinePassed), (late.State, late.ErrorCode));
        SubmissionRecord submission = (await _submissions.GetAsync(Tenant, firing.Id, default))!;
        Assert.Equal((SubmissionState.Cancelled, 2), (submission.State, submission.Counts.Cancelled));
    }

    [Fact]
    public async Task A_run_whose_rows_were_all_staged_in_time_goes_on_late()
    {
        FiringRecord firing = await FireAsync();
        await StageAsync(firing);
        await _submissions.CloseAsync(Tenant, firing.Id, UploadEnd.Complete, null, default);
        Assert.Equal(FiringState.Running, (await RunLateAsync(firing)).State);
        Assert.Equal(SubmissionState.Running, (await _submissions.GetAsync(Tenant, firing.Id, default))!.State);
    }

    private async Task<FiringRecord> FireAsync()
    {
        JobRequest request = new() { Model = StubModel.Name, Kind = JobKind.Generate, Prompt = "Say {{text}}" };
        ScheduleRecord schedule = new()
        {
            Id = Guid.CreateVersion7(),
            Tenant = Tenant,
            Name = "nightly",
            Cron = "0 0 3 * * ?",
            TimeZone = "UTC",
            Source = """{"type":"jsonl","path":"gone.jsonl"}""",
            Request = JsonSerializer.Serialize(request, JobsJson.Default.JobRequest),
            Sink = """{"type":"results"}""",
        };
        await _schedules.AddAsync(schedule, 10, default);
        return (await _schedules.FireAsync(new FireRequest { Id = Guid.CreateVersion7(), Schedule = schedule.Id, Deadline = _time.GetUtcNow() + s_within }, default))!;
    }

    /// <summary>Two rows, by a scheduler that dies then.</summary>
    private async Task StageAsync(FiringRecord firing)
    {
        await _submissions.StartAsync(
            new NewSubmission { Id = firing.Id, Tenant = Tenant, Source = SubmissionSource.Schedule, Schedule = firing.Schedule, FireTime = firing.FireTime, KeepIncomplete = true, FinishBy = firing.Deadline }, default);
        LineChunk chunk = new() { After = 0, Last = 2, Lines = [new StagedLine(1, "{}"u8.ToArray(), "a"), new StagedLine(2, "{}"u8.ToArray(), "b")] };
        Assert.True((await _submissions.StageAsync(Tenant, firing.Id, chunk, default)).Staged);
    }

    private async Task<FiringRecord> RunLateAsync(FiringRecord firing)
    {
        _time.Advance(s_within + s_within);
        ClaimedFiring work = (await _schedules.ClaimAsync(s_lease, [], default))!;
        await using (FiringClaim claim = new(_schedules, work, s_lease, _ => { }, _time, default))
        {
            await _stager.RunAsync(claim);
        }
        return Assert.Single(await _schedules.FiringsAsync(Tenant, firing.Schedule, 10, default));
    }
}
