using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Inference;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Cli;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>The worker around the engine that computes, on a small random model.</summary>
public sealed class ModelRunTests
{
    private const string Model = "tiny";
    private const int MaxTokens = 1100;

    private static Task<WorkerRig> StartAsync(TinyModel model) => WorkerRig.StartAsync(
        new SluiceHostOptions { Embedded = true, Engine = EngineKind.Model, Models = [$"{Model}={model.Folder}"], Settings = Embedded.Quick },
        services => services.AddMemoryStore());

    private static JobRequest Request(int number)
    {
        string prompt = string.Concat(Enumerable.Range(0, 3 + (number % 17)).Select(i => (char)('!' + (((7 * i) + (number * number)) % 30))));
        JobRequest request = new() { Model = Model, Prompt = prompt, Cache = new CacheRequest { Mode = CacheMode.Off } };
        return (number % 3) switch
        {
            0 => request with { Parameters = new JobParameters { MaxTokens = 5 + (number % 11) } },
            1 => request with { Kind = JobKind.Score, Choices = ["!#", "$%&", "'"] },
            _ => request with { Kind = JobKind.Embed },
        };
    }

    [Fact]
    public async Task Jobs_that_run_together_get_the_answers_that_each_gets_alone()
    {
        using TinyModel model = new();
        await using WorkerRig rig = await StartAsync(model);
        JobRecord[] together = await rig.EndAllAsync(await rig.SubmitManyAsync(48, Request), seconds: 120);
        Assert.All(together, job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
        Assert.True(rig.Log.Count(line => line.Contains("Batch ", StringComparison.Ordinal)) < 48, "no two jobs shared a batch");
        for (int i = 0; i < 12; i++)
        {
            JobRecord alone = await rig.EndAsync(await rig.SubmitAsync(Request(i)), seconds: 60);
            JobResult expected = alone.Result!, got = together[i].Result!;
            Assert.Equal(expected.Outputs.Select(output => output.Text), got.Outputs.Select(output => output.Text));
            Assert.Equal(expected.Usage.GeneratedTokens, got.Usage.GeneratedTokens);
            for (int output = 0; output < expected.Outputs.Count; output++)
            {
                Assert.Equal(expected.Outputs[output].Logprob ?? 0, got.Outputs[output].Logprob ?? 0, tolerance: 1e-3);
                Assert.Equal(expected.Outputs[output].Embedding ?? [], got.Outputs[output].Embedding ?? [], (a, b) => Math.Abs(a - b) < 1e-3);
            }
        }
    }

    [Fact]
    public async Task A_draft_model_guesses_and_the_jobs_usage_says_how_much()
    {
        string demo = Path.Combine(AppContext.BaseDirectory, "Demo");
        Dictionary<string, string?> settings = new(Embedded.Quick)
        {
            ["Models:0:Name"] = Model,
            ["Models:0:Path"] = Path.Combine(demo, "model"),
            ["Models:0:Speculation"] = "draft",
            ["Models:0:Draft"] = Path.Combine(demo, "draft"),
        };
        await using WorkerRig rig = await WorkerRig.StartAsync(
            new SluiceHostOptions { Embedded = true, Engine = EngineKind.Model, Settings = settings }, services => services.AddMemoryStore());
        JobRecord job = await rig.EndAsync(await rig.SubmitAsync(new JobRequest
        {
            Model = Model,
            Messages =
            [
                new ChatMessage { Role = "system", Content = "You answer support tickets in JSON." },
                new ChatMessage { Role = "user", Content = "My order 48213 arrived broken." },
            ],
            Cache = new CacheRequest { Mode = CacheMode.Off },
        }), seconds: 60);
        JobUsage usage = job.Result!.Usage;
        Assert.True(usage.AcceptedTokens > 0, $"{usage.AcceptedTokens} of {usage.DraftedTokens} guesses for {usage.GeneratedTokens} tokens");
        Assert.InRange(usage.AcceptedTokens, 1, Math.Min(usage.DraftedTokens, usage.GeneratedTokens));
    }

    [Fact]
    public async Task A_cancelled_job_leaves_the_engine_at_once_and_its_pages_serve_others()
    {
        using TinyModel model = new();
        await using WorkerRig rig = await StartAsync(model);
        JobId[] longs = await rig.SubmitManyAsync(400, i => Request(3 * i) with { Parameters = new JobParameters { MaxTokens = MaxTokens } });
        await WorkerRig.EventuallyAsync(() => rig.Get<EngineHost>().All is [{ Load: { Running: >= 8, GeneratedTokens: > 8 } }], "some run");
        foreach (JobId id in longs)
        {
            await rig.Store.CancelAsync("t1", id, default);
        }
        await WorkerRig.EventuallyAsync(() => rig.Get<RunningJobs>().Active == 0, "the engine is free");
        // those that ran, had they not been stopped, would have gone on to their last token
        Assert.InRange(rig.Get<EngineHost>().All[0].Load.Steps, 1, MaxTokens * 9 / 10);
        JobRecord next = await rig.EndAsync(await rig.SubmitAsync(Request(0)));
        Assert.Equal(JobState.Succeeded, next.State);
        Assert.InRange(next.Result!.Usage.GeneratedTokens, 1, 5);
    }
}
