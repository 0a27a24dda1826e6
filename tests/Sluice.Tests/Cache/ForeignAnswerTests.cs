using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Api;
using Sluice.Tests.Inference;
using Sluice.Tests.Telemetry;
using Xunit;

namespace Sluice.Tests.Cache;

/// <summary>
/// What an owner was answered, asked for over HTTP by its owner and by strangers, with the service's own embedder and an engine that computes. The owner's answers have words that no prompt
/// has, so that they can have come from nowhere but its cache; what strangers are spared is counted by the engine.
/// </summary>
public sealed partial class ForeignAnswerTests
{
    private const int Pairs = 300, PerKind = 60, Ways = 4, AtOnce = 16;
    private const string Model = "tickets", Owner = "owner", Space = "desk";
    private static readonly string[] s_models = [$"{Model}={Path.Combine(SourceTree.Root, "src/Sluice.Cli/Demo/model")}"];

    [Fact]
    public async Task What_answers_its_owner_at_once_saves_a_stranger_no_token_whatever_the_stranger_says()
    {
        LabelledPair[] pairs = [.. new PairGenerator(41).All(PerKind).Where(pair => pair.Same).DistinctBy(pair => pair.First).Take(Pairs)];
        Assert.Equal(Pairs, pairs.Length);
        MemoryJobStore memory = new(TimeProvider.System);
        await PlantAsync(memory, pairs);

        await using ApiHost host = await ApiHost.StartAsync(models: s_models, worker: true, stub: false, parts: services => services.AddSingleton(memory));
        EngineHost engines = host.Parts.GetRequiredService<EngineHost>();
        await WorkerRig.EventuallyAsync(() => engines.IsReady, "the engine is ready");
        using HttpClient owner = await host.ClientAsync(Owner, KeyScopes.All);

        // The owner again: all of it, and nothing is computed.
        for (int i = 0; i < Pairs; i++)
        {
            (JobView job, _) = await AskAsync(owner, Body(pairs[i].First, SpaceOf(i)));
            Assert.Equal((JobState.Succeeded, AnswerSource.Cache, "exact", Canary(i)), (job.State, job.Source, job.Cache?.Tier, job.Outputs?[0].Text));
        }
        Assert.Equal(0, engines.All[0].Load.PromptTokens);

        // Strangers, each of them new, so that none is answered by what it or another has asked.
        long asked = 0;
        int refused = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, Pairs * Ways), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (n, _) =>
        {
            int i = n / Ways, way = n % Ways;
            using HttpClient stranger = await host.ClientAsync($"stranger-{n}", KeyScopes.All);
            bool pretends = way >= 2;
            (JobView job, string text) = await AskAsync(stranger, Body(way % 2 == 0 ? pairs[i].First : pairs[i].Second, SpaceOf(i), pretends), headers: pretends ? Pretences(i) : []);
            Assert.Equal((JobState.Succeeded, AnswerSource.Engine), (job.State, job.Source));
            Assert.Null(job.Cache);
            Assert.DoesNotMatch(Word(), text);
            Assert.Equal(0, job.Usage!.CachedTokens);
            Interlocked.Add(ref asked, job.Usage.PromptTokens);
            if (n % 30 == 0)
            {
                Interlocked.Add(ref refused, await RefusedAsync(stranger, pairs[i].First));
            }
        });
        EngineLoad load = await LoadAsync(engines, asked);
        Assert.Equal((asked, asked), (load.PromptTokens, load.ComputedTokens));
        Assert.True(asked > Pairs * Ways, $"{asked} tokens");
        Assert.Equal(Pairs * Ways / 30 * s_fields.Length, refused);
        Dictionary<string, double> samples = [];
        await WorkerRig.EventuallyAsync(
            async () =>
            {
                samples = ExpositionGrammar.Read(await host.Client.GetStringAsync("/metrics"));
                return samples.GetValueOrDefault($"sluice_tokens_prompt_total{{model=\"{Model}\"}}") >= asked;
            },
            "all tokens are told of");
        Assert.Equal(
            (asked, 0, Pairs * Ways, Pairs, 0, 0),
            (Sample($"sluice_tokens_prompt_total{{model=\"{Model}\"}}"), Sample($"sluice_tokens_prompt_cached_total{{model=\"{Model}\"}}"), Sample("sluice_cache_misses_total"),
                Sample("sluice_cache_hits_total{tier=\"exact\"}"), Sample("sluice_cache_hits_total{tier=\"semantic\"}"), Sample("sluice_cache_hits_total{tier=\"twin\"}")));

        // The strangers' other wordings were such as the owner is answered for.
        int near = 0;
        for (int i = 0; i < Pairs; i++)
        {
            (JobView job, string text) = await AskAsync(owner, Body(pairs[i].Second, SpaceOf(i)));
            near += job.Source == AnswerSource.Cache && Word().IsMatch(text) ? 1 : 0;
        }
        Assert.InRange(near, Pairs / 2, Pairs);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"foreign answers: {Pairs * Ways} asked by strangers, 0 answered, {load.ComputedTokens} of {asked} prompt tokens computed; the owner's own: {Pairs} of {Pairs} again, {near} in other words"));

        long Sample(string name) => (long)samples.GetValueOrDefault(name);
    }

    /// <summary>The owner's jobs, with the answers that only they have.</summary>
    private static async Task PlantAsync(MemoryJobStore memory, LabelledPair[] pairs)
    {
        await using ApiHost host = await ApiHost.StartAsync(models: s_models, stub: false, parts: services => services.AddSingleton(memory));
        using HttpClient owner = await host.ClientAsync(Owner, KeyScopes.All);
        Dictionary<JobId, int> numbers = [];
        for (int i = 0; i < pairs.Length; i++)
        {
            (JobView job, _) = await AskAsync(owner, Body(pairs[i].First, SpaceOf(i)), waits: false);
            Assert.Equal(JobState.Queued, job.State);
            numbers.Add(job.Id, i);
        }
        Guid worker = Guid.NewGuid();
        JobId[] ids = [.. numbers.Keys];
        await memory.RegisterWorkerAsync(new WorkerRegistration(worker, "planter", [Model]), CancellationToken.None);
        await memory.ReserveAsync(worker, ids, CancellationToken.None);
        JobOutcome[] outcomes = [.. (await memory.ClaimAsync(worker, ids, CancellationToken.None)).Select(job => new JobOutcome
        {
            Fence = job.Fence,
            State = JobState.Succeeded,
            Result = new JobResult
            {
                Outputs = [new JobOutput { Text = Canary(numbers[job.Id]), FinishReason = "stop", Tokens = 1 }],
                Usage = new JobUsage { PromptTokens = 2, GeneratedTokens = 1 },
                Source = AnswerSource.Engine,
            },
        })];
        Assert.Equal(pairs.Length, (await memory.FinishAsync(worker, outcomes, CancellationToken.None)).Count(written => written));
        await memory.RetireWorkerAsync(worker, CancellationToken.None);
    }

    /// <summary>Members by which a caller might name another's scope: there are none such.</summary>
    private static readonly string[] s_fields = ["\"tenant\":\"owner\"", "\"cache_salt\":\"owner\"", "\"cache\":{\"salt\":\"owner\"}", "\"cache\":{\"tenant\":\"owner\"}"];

    /// <summary>How many of <see cref="s_fields"/> are refused.</summary>
    private static async Task<int> RefusedAsync(HttpClient client, string prompt)
    {
        int refused = 0;
        foreach (string field in s_fields)
        {
            string body = $$"""{"model":"{{Model}}","prompt":"{{JsonEncodedText.Encode(prompt)}}",{{field}} }""";
            using HttpResponseMessage response = await client.PostAsync("/v1/jobs", new StringContent(body, Encoding.UTF8, "application/json"));
            refused += response.StatusCode == HttpStatusCode.BadRequest ? 1 : 0;
        }
        return refused;
    }

    /// <summary>Headers by which other services let a caller, or a proxy before them, say whose the request is and what it may share.</summary>
    private static (string Name, string Value)[] Pretences(int pair) =>
    [
        ("X-Tenant", Owner), ("X-Tenant-Id", Owner), ("X-Sluice-Tenant", Owner), ("X-Forwarded-User", Owner), ("X-Cache-Namespace", SpaceOf(pair)), ("X-Cache-Salt", Owner), ("Cache-Salt", Owner),
    ];

    /// <summary>Half are asked in the namespace that is everybody's default, half in one of the owner's.</summary>
    private static string SpaceOf(int pair) => pair % 2 == 0 ? "default" : Space;

    private static string Canary(int pair) => string.Create(CultureInfo.InvariantCulture, $"zq{pair:d4}qz");

    private static string Body(string prompt, string space, bool loosens = false)
    {
        string least = loosens ? "0.001" : "0.6";
        return $$"""{"model":"{{Model}}","prompt":"{{JsonEncodedText.Encode(prompt)}}","parameters":{"max_tokens":2},"cache":{"mode":"semantic","namespace":"{{space}}","min_similarity":{{least}} } }""";
    }

    private static async Task<(JobView Job, string Text)> AskAsync(HttpClient client, string body, bool waits = true, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/jobs") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (waits)
        {
            request.Headers.Add("Prefer", "wait=60");
        }
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        using HttpResponseMessage response = await client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return (JsonSerializer.Deserialize(text, JobsJson.Default.JobView)!, text);
    }

    /// <summary>The engine's counters once it has computed so much, or has not within ten seconds.</summary>
    private static async Task<EngineLoad> LoadAsync(EngineHost engines, long computed)
    {
        for (int i = 0; i < 500 && engines.All[0].Load.ComputedTokens < computed; i++)
        {
            await Task.Delay(20);
        }
        return engines.All[0].Load;
    }

    [GeneratedRegex("zq[0-9]{4}qz")]
    private static partial Regex Word();
}
