using Microsoft.Extensions.DependencyInjection;
using Sluice.Engine;
using Sluice.Engine.Models;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>A backlog of shared prefixes behind one worker, on the demo model, in the engine's own counters.</summary>
public sealed class PrefixBacklogTests
{
    private const string Model = "tickets";
    private const int PageTokens = 16;
    private const int Jobs = 5_000;
    private const int Prefixes = 50;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Demo", "model");

    private static Task<WorkerRig> StartAsync(HostRole role, MemoryJobStore store, int pages) => WorkerRig.StartAsync(
        new SluiceHostOptions
        {
            Embedded = true,
            Engine = EngineKind.Model,
            Models = [$"{Model}={Folder}"],
            Roles = new HashSet<HostRole> { role },
            Settings = new Dictionary<string, string?>(Embedded.Quick)
            {
                ["Worker:KvBytes"] = (ModelInspection.Read(Folder, new ModelOptions()).Memory.KvBytesPerPage * pages).ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
        },
        services => services.AddSingleton(store).AddMemoryStore());

    /// <summary>A prompt of about <paramref name="words"/> words that no other number's begins with.</summary>
    private static string Text(int number, int words)
    {
        string[] known = ["order", "refund", "late", "parcel", "invoice", "account", "broken", "password", "charge", "delivery", "return", "screen"];
        Random random = new(number);
        return string.Concat(Enumerable.Range(0, words).Select(_ => " " + known[random.Next(known.Length)]));
    }

    private static JobRequest Request(string prompt) =>
        new() { Model = Model, Prompt = prompt, Parameters = new JobParameters { MaxTokens = 1 }, Cache = new CacheRequest { Mode = CacheMode.Off } };

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public async Task Each_of_fifty_prefixes_is_computed_once_for_five_thousand_jobs(int commonWords)
    {
        // pages for about half of the prefixes: a prefix that is left and taken up again later is computed again
        const int pages = 450;
        string common = Text(-1, commonWords);
        string[] prefixes = [.. Enumerable.Range(0, Prefixes).Select(i => common + Text(i, 130 - commonWords))];
        JobRequest[] requests = [.. Enumerable.Range(0, Jobs).Select(i => Request(prefixes[i % Prefixes] + Text(1_000 + i, 8)))];
        MemoryJobStore store = new(TimeProvider.System);
        JobId[] ids;
        int[][] tokens;
        await using (WorkerRig api = await StartAsync(HostRole.Api, store, pages))
        {
            ids = await api.SubmitManyAsync(Jobs, i => requests[i]);
            ServedModel model = api.Get<ModelCatalog>().All[0];
            tokens = [.. requests.Select(model.Encode)];
        }
        // no ticket brings any of them before the others
        while (await store.RelayOutboxAsync(1_000, (_, _) => Task.CompletedTask, CancellationToken.None) > 0)
        {
        }
        await using WorkerRig worker = await StartAsync(HostRole.Worker, store, pages);
        await WorkerRig.EventuallyAsync(() => worker.Get<EngineHost>().IsReady && worker.Get<Incarnation>().IsRegistered, "the worker is ready");
        // all before the first is handed over: what comes at once joins at once
        Guid id = worker.Get<Incarnation>().Current.Id;
        await worker.Get<InferenceLoops>().AddAsync(id, await store.ReserveAsync(id, ids, CancellationToken.None));
        JobRecord[] ended = await worker.EndAllAsync(ids, seconds: 600);

        Assert.All(ended, job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Claims)));
        EngineLoad load = worker.Get<EngineHost>().All[0].Load;
        int[] shared = [.. Enumerable.Range(0, Prefixes).Select(p => Shared(tokens[p], tokens[p + Prefixes]))];
        int[] computed = new int[Prefixes];
        for (int i = 0; i < Jobs; i++)
        {
            if (ended[i].Result!.Usage.CachedTokens < shared[i % Prefixes])
            {
                computed[i % Prefixes]++;
            }
        }
        Console.WriteLine($"prefixes of {shared.Min()} to {shared.Max()} tokens, {worker.Get<EngineHost>().All[0].Info.TotalPages} pages; prompt tokens {load.PromptTokens}, computed {load.ComputedTokens}, "
            + $"least possible {Least(tokens)}; prefixes computed {computed.Sum()} times; {load.Steps} steps, {load.Preemptions} preemptions");
        Assert.All(computed, times => Assert.Equal(1, times));
        Assert.Equal(tokens.Sum(prompt => (long)prompt.Length), load.PromptTokens);
        Assert.Equal(Least(tokens), load.ComputedTokens);
    }

    /// <summary>Tokens of the full pages that two prompts begin with.</summary>
    private static int Shared(int[] one, int[] other) => one.AsSpan().CommonPrefixLength(other) / PageTokens * PageTokens;

    /// <summary>Tokens computed where every page that prompts begin with is computed once: a prompt's last token always is.</summary>
    private static long Least(int[][] prompts)
    {
        HashSet<string> pages = [];
        long least = 0;
        foreach (int[] prompt in prompts)
        {
            int found = 0;
            while ((found + 1) * PageTokens < prompt.Length && pages.Contains(Page(prompt, found)))
            {
                found++;
            }
            least += prompt.Length - (found * PageTokens);
            for (int page = found; (page + 1) * PageTokens <= prompt.Length; page++)
            {
                pages.Add(Page(prompt, page));
            }
        }
        return least;
    }

    private static string Page(int[] prompt, int page) => Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(prompt.AsSpan(0, (page + 1) * PageTokens)));
}
