using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Inference;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Cli;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>Bulk gives way to interactive in the running service: former, ledger and planner together.</summary>
public sealed class YieldTests
{
    private const string Model = "slow";

    [Fact]
    public async Task An_interactive_job_ends_while_two_long_bulk_jobs_that_filled_the_engine_go_on_later()
    {
        // a step reads 38 MB of weights: some milliseconds
        using TinyModel model = new(TinyModel.Shape with { HiddenSize = 512, Layers = 8, Heads = 8, KvHeads = 4, HeadDim = 64, Intermediate = 1024 });
        await using WorkerRig rig = await WorkerRig.StartAsync(
            new SluiceHostOptions
            {
                Embedded = true,
                Engine = EngineKind.Model,
                Models = [$"{Model}={model.Folder}"],
                Settings = new Dictionary<string, string?>(Embedded.Quick)
                {
                    ["Worker:HeartbeatInterval"] = "01:00:00", // nothing but the former's own time asks again
                    ["Worker:HeartbeatTimeout"] = "02:00:00",
                    ["Worker:MaxSequences"] = "2",
                },
            },
            services => services.AddMemoryStore());
        JobId[] bulk = await rig.SubmitManyAsync(2, Bulk);
        await WorkerRig.EventuallyAsync(() => rig.Get<EngineHost>().All is [{ Load: { Running: 2, GeneratedTokens: > 4 } }], "both run");

        JobRecord urgent = await rig.EndAsync(await rig.SubmitAsync(Request("%&'", JobClass.Interactive, 2)), seconds: 120);
        EngineLoad load = rig.Get<EngineHost>().All[0].Load;
        JobRecord[] meanwhile = [.. await Task.WhenAll(bulk.Select(async id => (await rig.Store.GetAsync("t1", id, CancellationToken.None))!))];
        Assert.Equal(JobState.Succeeded, urgent.State);
        Assert.All(meanwhile, job => Assert.False(job.State.IsTerminal(), $"{job.State} before the interactive job ended"));
        Assert.True(load.Preemptions >= 1, "nobody gave way");

        JobRecord[] ended = await rig.EndAllAsync(bulk, seconds: 240);
        for (int i = 0; i < ended.Length; i++)
        {
            JobRecord alone = await rig.EndAsync(await rig.SubmitAsync(Bulk(i)), seconds: 240);
            Assert.Equal((JobState.Succeeded, 1), (ended[i].State, ended[i].Claims));
            Assert.Equal(alone.Result!.Outputs[0].Text, ended[i].Result!.Outputs[0].Text);
            Assert.Equal(Tokens, ended[i].Result!.Usage.GeneratedTokens);
        }
    }

    private const int Tokens = 700;

    private static JobRequest Bulk(int number) => Request(number == 0 ? "()*+,-./" : "012345678", JobClass.Bulk, Tokens);

    // the end-of-sequence id never comes
    private static JobRequest Request(string prompt, JobClass priority, int tokens) => new()
    {
        Model = Model,
        Prompt = prompt,
        Priority = priority,
        Parameters = new JobParameters { MaxTokens = tokens, LogitBias = new Dictionary<string, double> { ["2"] = -100 } },
        Cache = new CacheRequest { Mode = CacheMode.Off },
    };
}
