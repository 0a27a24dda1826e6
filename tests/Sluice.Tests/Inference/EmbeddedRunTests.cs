using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class EmbeddedRunTests
{
    [Fact]
    public async Task A_submitted_job_runs_and_succeeds_with_the_engines_text()
    {
        await using WorkerRig rig = await Embedded.StartAsync();
        JobRecord job = await rig.EndAsync(await rig.SubmitAsync(Embedded.Prompt("one job")));
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(1, job.Claims);
        Assert.StartsWith("stub:", Assert.Single(job.Result!.Outputs).Text, StringComparison.Ordinal);
        Assert.Equal(AnswerSource.Engine, job.Result.Source);
        Assert.Equal("one job".Length + 1, job.Result.Usage.PromptTokens);
    }

    [Fact]
    public async Task A_thousand_jobs_run_and_each_of_them_once()
    {
        await using WorkerRig rig = await Embedded.StartAsync();
        JobId[] ids = await rig.SubmitManyAsync(1000, i => Embedded.Prompt($"job {i}"));
        JobRecord[] jobs = await rig.EndAllAsync(ids, seconds: 300);
        Assert.All(jobs, job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
    }

    [Fact]
    public async Task Scored_choices_come_with_probabilities_that_sum_to_one_and_are_divided_as_asked()
    {
        await using WorkerRig rig = await Embedded.StartAsync();
        JobRequest request = Embedded.Prompt("which") with { Kind = JobKind.Score, Choices = ["yes", "no, never"], Normalization = Normalization.Bytes };
        JobRecord job = await rig.EndAsync(await rig.SubmitAsync(request));
        IReadOnlyList<JobOutput> outputs = job.Result!.Outputs;
        Assert.Equal(["yes", "no, never"], outputs.Select(output => output.Text));
        Assert.Equal(1, outputs.Sum(output => output.Probability!.Value), 9);
        Assert.All(outputs, output => Assert.Equal(output.Logprob!.Value / output.Text!.Length, output.Score!.Value, 9));
    }

    [Fact]
    public async Task An_embedding_has_the_engines_hidden_size_and_length_one()
    {
        await using WorkerRig rig = await Embedded.StartAsync(new StubOptions { HiddenSize = 24 });
        JobRecord job = await rig.EndAsync(await rig.SubmitAsync(Embedded.Prompt("embed me") with { Kind = JobKind.Embed }));
        IReadOnlyList<float> vector = Assert.Single(job.Result!.Outputs).Embedding!;
        Assert.Equal(24, vector.Count);
        Assert.Equal(1, vector.Sum(x => x * x), 4);
    }

    [Fact]
    public async Task A_fault_of_the_engine_is_tried_again_and_ends_as_failed_after_three()
    {
        int[] marked = StubModel.Create().EncodePrompt("broken");
        StubOptions stub = new() { Fault = request => request.Prompt.AsSpan().SequenceEqual(marked) ? StubFault.Throw : StubFault.None };
        await using WorkerRig rig = await Embedded.StartAsync(stub);
        JobId bad = await rig.SubmitAsync(Embedded.Prompt("broken"));
        JobId good = await rig.SubmitAsync(Embedded.Prompt("whole"));
        JobRecord failed = await rig.EndAsync(bad);
        Assert.Equal((JobState.Failed, "engine_fault", 3), (failed.State, failed.Error!.Code, failed.Failures));
        Assert.Equal(JobState.Succeeded, (await rig.EndAsync(good)).State);
    }

    [Fact]
    public async Task A_cancelled_running_job_stops_burning_compute_and_its_place_is_used_again()
    {
        int[] hanging = StubModel.Create().EncodePrompt("hang");
        StubOptions stub = new() { MaxSequences = 1, Fault = request => request.Prompt.AsSpan().SequenceEqual(hanging) ? StubFault.Hang : StubFault.None };
        await using WorkerRig rig = await Embedded.StartAsync(stub);
        JobId hung = await rig.SubmitAsync(Embedded.Prompt("hang"));
        await WorkerRig.EventuallyAsync(async () => (await rig.Store.GetAsync("t1", hung, default))!.State == JobState.Running, "the job runs");
        JobId next = await rig.SubmitAsync(Embedded.Prompt("next"));
        await rig.Store.CancelAsync("t1", hung, default);
        Assert.Equal(JobState.Succeeded, (await rig.EndAsync(next)).State);
        Assert.Equal(JobState.Cancelled, (await rig.EndAsync(hung)).State);
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Active == 0, "nothing runs");
    }

    [Fact]
    public async Task Two_equal_prompts_at_once_run_once()
    {
        using ManualResetEventSlim both = new();
        StubOptions gated = new()
        {
            Fault = _ =>
            {
                both.Wait();
                return StubFault.None;
            },
        };
        await using WorkerRig rig = await Embedded.StartAsync(gated);
        JobRequest request = new() { Model = StubModel.Name, Prompt = "the same" };
        JobId[] ids = await rig.SubmitManyAsync(2, _ => request);
        both.Set();
        JobRecord[] jobs = await rig.EndAllAsync(ids);
        Assert.All(jobs, job => Assert.Equal(JobState.Succeeded, job.State));
        Assert.Equal([AnswerSource.Engine, AnswerSource.Twin], jobs.Select(job => job.Result!.Source).Order());
        Assert.Equal(jobs[0].Result!.Outputs[0].Text, jobs[1].Result!.Outputs[0].Text);
    }

    [Fact]
    public async Task No_more_jobs_are_held_than_the_limit_says_and_all_still_run()
    {
        StubOptions stub = new() { MaxSequences = 2, BatchTime = TimeSpan.FromMilliseconds(5) };
        await using WorkerRig rig = await Embedded.StartAsync(stub, ("Worker:HoldLimit", "10"));
        JobId[] ids = await rig.SubmitManyAsync(100, i => Embedded.Prompt($"held {i}"));
        int most = 0;
        Task<JobRecord[]> ended = rig.EndAllAsync(ids);
        while (!ended.IsCompleted)
        {
            most = Math.Max(most, rig.Get<HeldJobs>().Count);
            await Task.Delay(1);
        }
        Assert.All(await ended, job => Assert.Equal(JobState.Succeeded, job.State));
        Assert.InRange(most, 1, 10);
    }

    [Fact]
    public async Task A_drain_lets_what_can_end_end_and_gives_back_the_rest_uncharged()
    {
        int[] hanging = StubModel.Create().EncodePrompt("hang"), ends = StubModel.Create().EncodePrompt("ends");
        using ManualResetEventSlim drains = new();
        StubOptions stub = new()
        {
            MaxSequences = 2,
            Fault = request =>
            {
                if (request.Prompt.AsSpan().SequenceEqual(ends))
                {
                    drains.Wait();
                }
                return request.Prompt.AsSpan().SequenceEqual(hanging) ? StubFault.Hang : StubFault.None;
            },
        };
        await using WorkerRig rig = await Embedded.StartAsync(stub, ("Worker:DrainTime", "00:00:05"));
        IJobStore store = rig.Store;
        JobId hung = await rig.SubmitAsync(Embedded.Prompt("hang"));
        await WorkerRig.EventuallyAsync(async () => (await store.GetAsync("t1", hung, default))!.State == JobState.Running, "the first runs");
        JobId ending = await rig.SubmitAsync(Embedded.Prompt("ends"));
        await WorkerRig.EventuallyAsync(async () => (await store.GetAsync("t1", ending, default))!.State == JobState.Running, "the second runs");
        JobId waiting = await rig.SubmitAsync(Embedded.Prompt("waits"));
        await WorkerRig.EventuallyAsync(() => rig.Get<HeldJobs>().Contains(waiting), "the third is held");

        Task stopped = rig.StopAsync();
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("Draining: 1 held", StringComparison.Ordinal)), "the third is given back");
        drains.Set();
        await stopped;

        Assert.Equal(JobState.Succeeded, (await store.GetAsync("t1", ending, default))!.State);
        JobRecord released = (await store.GetAsync("t1", hung, default))!;
        Assert.Equal((JobState.Queued, 0), (released.State, released.Failures));
        Assert.Equal(JobState.Queued, (await store.GetAsync("t1", waiting, default))!.State);
        // a worker that comes now may take both at once
        Guid other = Guid.NewGuid();
        await store.RegisterWorkerAsync(new WorkerRegistration(other, "other", [StubModel.Name]), default);
        Assert.Equal(2, (await store.ReserveAsync(other, [hung, waiting], default)).Count);
    }

    [Fact]
    public async Task A_worker_that_was_declared_dead_drops_everything_and_begins_anew()
    {
        int[] hanging = StubModel.Create().EncodePrompt("hang");
        int hangs = 1;
        StubOptions stub = new()
        {
            Fault = request => request.Prompt.AsSpan().SequenceEqual(hanging) && Interlocked.Decrement(ref hangs) >= 0 ? StubFault.Hang : StubFault.None,
        };
        await using WorkerRig rig = await Embedded.StartAsync(stub, ("Worker:TicketTimeout", "00:00:00.2"));
        Guid former = rig.Get<Incarnation>().Current.Id;
        JobId job = await rig.SubmitAsync(Embedded.Prompt("hang"));
        await WorkerRig.EventuallyAsync(async () => (await rig.Store.GetAsync("t1", job, default))!.State == JobState.Running, "the job runs");
        await rig.Store.RetireWorkerAsync(former, default); // what a reconciler on another node would do
        JobRecord ended = await rig.EndAsync(job);
        Assert.Equal((JobState.Succeeded, 2), (ended.State, ended.Claims));
        Assert.NotEqual(former, rig.Get<Incarnation>().Current.Id);
    }
}
