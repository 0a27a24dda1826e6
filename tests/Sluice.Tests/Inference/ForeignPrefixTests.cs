using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Inference;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Cli;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>What another's pages save: nothing, counted in prompt tokens that the engine computed, by its own counter and by the job's usage. One's own save what they should.</summary>
public sealed class ForeignPrefixTests
{
    private const string Model = "tiny";
    private const int Length = 160;

    [Fact]
    public async Task A_prompt_that_another_tenant_or_namespace_has_computed_is_computed_whole()
    {
        using TinyModel model = new();
        await using WorkerRig rig = await WorkerRig.StartAsync(
            new SluiceHostOptions { Embedded = true, Engine = EngineKind.Model, Models = [$"{Model}={model.Folder}"], Settings = Embedded.Quick }, services => services.AddMemoryStore());
        await WorkerRig.EventuallyAsync(() => rig.Get<EngineHost>().IsReady, "the engine is ready");
        IEngine engine = rig.Get<EngineHost>().All[0];
        Assert.Equal((Length, 0), await ComputedAsync("owner", Length));

        int tried = 0;
        // A guess at each length, the last of them the whole prompt; every guesser is new, so that it shares nothing with itself.
        for (int length = 16; length <= Length; length += 8)
        {
            Assert.Equal((length, 0), await ComputedAsync($"stranger-{length}", length));
            Assert.Equal((length, 0), await ComputedAsync("owner", length, $"space-{length}"));
            tried += 2;
        }
        foreach (string name in new[] { "owne", "ownerd", "owner-default" })
        {
            Assert.Equal((Length, 0), await ComputedAsync(name, Length));
            tried++;
        }
        (int prompt, int cached) = await ComputedAsync("owner", Length);
        Assert.Equal(Length, prompt);
        Assert.InRange(cached, Length - 32, Length - 1);
        Console.WriteLine($"foreign prefixes: {tried} prompts, 0 tokens saved; the owner's own {cached} of {prompt}");

        async Task<(int Prompt, int Cached)> ComputedAsync(string tenant, int length, string? space = null)
        {
            JobRequest request = new()
            {
                Model = Model,
                Prompt = string.Concat(Enumerable.Range(0, length).Select(i => (char)('!' + (i * i % 37)))),
                Parameters = new JobParameters { MaxTokens = 1 },
                Cache = new CacheRequest { Mode = CacheMode.Off, Namespace = space },
            };
            long before = engine.Load.ComputedTokens;
            JobRecord job = await rig.EndAsync(await rig.SubmitAsync(request, tenant), tenant);
            Assert.Equal(JobState.Succeeded, job.State);
            JobUsage usage = job.Result!.Usage;
            // not by the job's word alone: the engine counts the rows of its steps
            for (int i = 0; i < 500 && engine.Load.ComputedTokens - before < usage.PromptTokens - usage.CachedTokens; i++)
            {
                await Task.Delay(20);
            }
            Assert.Equal(usage.PromptTokens - usage.CachedTokens, engine.Load.ComputedTokens - before);
            return (usage.PromptTokens, usage.CachedTokens);
        }
    }
}
