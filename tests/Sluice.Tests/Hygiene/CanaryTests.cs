using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Service.Inference;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Api;
using Sluice.Tests.Intake;
using Sluice.Tests.Webhooks;
using Xunit;

namespace Sluice.Tests.Hygiene;

/// <summary>
/// Four tenants' jobs in batches of 64 on the engine that computes, each with a word of its own, a tenth of them cancelled while they wait or run. No job's word is in another's answer, in the
/// log, in the metrics or in a webhook, and what a job gets in company it gets alone.
/// </summary>
[Collection(nameof(LogHygieneTests))]
public sealed partial class CanaryTests
{
    // of each round, by number: those at the gate, which are cancelled once they run; those cancelled while they wait; the others that come one by one; those in files
    private const int Ahead = 2, Withdrawn = 10, Single = 18, Lines = 18;
    private const int Rounds = 12, LeastFull = 10, Largest = 64, Alone = 48;
    private const int PerRound = Single + (4 * Lines);
    private static readonly string[] s_tenants = ["one", "two", "three", "four"];

    [Fact]
    public async Task No_word_of_one_job_is_anywhere_in_another()
    {
        using Recorder recorder = new();
        await using Sink sink = Sink.Status(200);
        MemoryJobStore memory = new(TimeProvider.System);
        GatedStore store = new(memory, nameof(IJobStore.ClaimAsync));
        Dictionary<string, string?> settings = new(Recorder.Settings)
        {
            ["Webhooks:Concurrency"] = "16",
            ["Worker:MaxSequences"] = $"{Largest + Ahead}",
            ["Worker:MaxStepTokens"] = "8192",
            ["Worker:LostInterval"] = "00:00:00.05",
            ["Worker:InventoryInterval"] = "00:00:00.5",
        };
        await using ApiHost host = await ApiHost.StartAsync(
            settings, [$"tickets={Path.Combine(SourceTree.Root, "src/Sluice.Cli/Demo/model")}"], worker: true, stub: false, log: recorder, parts: services => services.AddSingleton(memory).AddSingleton(store.Store));
        HttpClient[] tenants = [.. await Task.WhenAll(s_tenants.Select(tenant => host.ClientAsync(tenant, KeyScopes.All)))];
        foreach (HttpClient tenant in tenants)
        {
            await PostAsync(tenant, "/v1/webhooks", $$"""{"url":"{{sink.Url}}"}""");
        }

        List<JsonElement> answers = [];
        for (int round = 0; round < Rounds; round++)
        {
            answers.AddRange(await RoundAsync(host, store, tenants, round * PerRound));
        }
        int jobs = answers.Count;
        bool[] cancelled = [.. answers.Select(answer => StateOf(answer) == "cancelled")];
        int stopped = Enumerable.Range(0, jobs).Count(i => cancelled[i] && i % PerRound < Ahead), all = cancelled.Count(yes => yes);
        int[] batches = [.. recorder.Lines.Select(line => Batch().Match(line)).Where(match => match.Success).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];
        int full = batches.Count(size => size == Largest);
        Assert.Equal(Rounds * PerRound, jobs);
        Assert.Equal(Largest, batches.Max());
        Assert.True(full >= LeastFull, $"only {full} of {batches.Length} batches had {Largest} jobs");
        Assert.Equal(Rounds * Withdrawn, all - stopped);
        Assert.True(stopped > 0 && all >= jobs / 10, $"{all} of {jobs} were cancelled, {stopped} of them while they ran");
        int told = jobs + (Rounds * tenants.Length); // each end, and each file's
        await EventuallyAsync(() => sink.Requests.Count >= told, "all are told");
        Assert.Equal(told, sink.Requests.Count);

        int own = 0, scored = 0;
        for (int i = 0; i < jobs; i++)
        {
            string[] words = [.. Word().Matches(answers[i].GetRawText()).Select(match => match.Value).Distinct()];
            Assert.DoesNotContain(words, word => word != Canary(i));
            own += words.Length;
            scored += IsScored(i) && !cancelled[i] ? 1 : 0;
        }
        Assert.True(own >= scored, $"{own} words"); // what is scored is shown again: an answer that holds a word is looked at with effect
        Assert.DoesNotMatch(Word(), await host.Client.GetStringAsync("/metrics"));
        Assert.DoesNotContain(recorder.Lines, line => Word().IsMatch(line));
        Assert.All(sink.Requests, request => Assert.DoesNotMatch(Word(), Encoding.UTF8.GetString(request.Body) + request.Line));
        Console.WriteLine($"canaries: {jobs} jobs of {s_tenants.Length} tenants, {full} of {batches.Length} batches of {Largest}, {all} cancelled and {stopped} of them while they ran, {own} own words and 0 foreign, "
            + $"{recorder.Lines.Count} log lines, {sink.Requests.Count} webhooks");

        // Alone and in a scope where nothing is cached: the same. Some of every round, of those sent one by one and of those in files.
        using HttpClient alone = await host.ClientAsync("alone", KeyScopes.All);
        int[] survivors = [.. Enumerable.Range(0, jobs).Where(i => i % PerRound >= Ahead && !cancelled[i])];
        for (int n = 0; n < Alone; n++)
        {
            int i = survivors[n * survivors.Length / Alone];
            JsonElement again = await EndAsync(alone, await PostAsync(alone, "/v1/jobs", Body(i)));
            Assert.Equal(Texts(answers[i]), Texts(again));
        }
    }

    /// <summary>
    /// The jobs from <paramref name="first"/> on, each as it ended. As many batches of one job as are claimed at a time stand at the gate. All others gather behind them, some sent one by one,
    /// some in files, and some are cancelled as they wait; then it opens, and those from the gate are cancelled as they run.
    /// </summary>
    private static async Task<JsonElement[]> RoundAsync(ApiHost host, GatedStore store, HttpClient[] tenants, int first)
    {
        InferenceLoops loops = host.Parts.GetRequiredService<InferenceLoops>();
        RunningJobs running = host.Parts.GetRequiredService<RunningJobs>();
        await EventuallyAsync(() => running.Active == 0 && loops.All.Sum(loop => loop.Waiting) == 0, "the round before is over");
        store.Close();
        int claims = store.Sizes.Count;
        HttpClient Of(int i) => tenants[i % tenants.Length];
        JsonElement[] single = new JsonElement[Single];
        for (int i = 0; i < Single; i++)
        {
            single[i] = await PostAsync(Of(i), "/v1/jobs", Body(first + i));
            await EventuallyAsync(() => store.Sizes.Count == claims + Math.Min(i + 1, Ahead), "it is at the gate");
        }
        Task<JsonElement[]>[] files = [.. tenants.Select((tenant, t) => FileAsync(tenant, [.. Enumerable.Range(first + Single + (t * Lines), Lines)]))];
        await EventuallyAsync(() => loops.All.Sum(loop => loop.Waiting) == PerRound - Ahead, "all gather");
        for (int i = Ahead; i < Ahead + Withdrawn; i++)
        {
            Assert.True(await CancelsAsync(Of(i), single[i]), "what waits can be cancelled");
        }
        await EventuallyAsync(() => loops.All.Sum(loop => loop.Waiting) == PerRound - Ahead - Withdrawn, "the cancelled wait no more");
        store.Gate.SetResult();
        for (int i = 0; i < Ahead; i++)
        {
            string path = PathOf(single[i]);
            for (int tries = 0; StateOf(await GetAsync(Of(i), path)) == "queued"; tries++)
            {
                Assert.True(tries < 12_000, $"{path} did not begin within 60 s.");
                await Task.Delay(5);
            }
            await CancelsAsync(Of(i), single[i]);
        }
        JsonElement[] ended = new JsonElement[Single];
        for (int i = 0; i < Single; i++)
        {
            ended[i] = await EndAsync(Of(i), single[i], mayBeCancelled: i < Ahead + Withdrawn);
        }
        return [.. ended, .. (await Task.WhenAll(files)).SelectMany(file => file)];
    }

    /// <summary>Whether this cancelled the job; false where it had ended.</summary>
    private static async Task<bool> CancelsAsync(HttpClient client, JsonElement job)
    {
        using HttpResponseMessage response = await client.PostAsync($"{PathOf(job)}/cancel", null);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict, await response.Content.ReadAsStringAsync());
        return response.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>The answers to a file of these jobs, in their order.</summary>
    private static async Task<JsonElement[]> FileAsync(HttpClient client, int[] numbers)
    {
        using StringContent lines = new(string.Join('\n', numbers.Select(Body)), Encoding.UTF8, "application/jsonl");
        using HttpResponseMessage made = await client.PostAsync("/v1/submissions?priority=standard", lines);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        string path = $"/v1/submissions/{(await ApiHost.JsonAsync(made)).GetProperty("id").GetString()}";
        for (int i = 0; i < 1200; i++)
        {
            using JsonDocument now = JsonDocument.Parse(await client.GetStringAsync(path));
            if (now.RootElement.GetProperty("state").GetString() == "finished")
            {
                string results = await client.GetStringAsync($"{path}/results");
                JsonElement[] answers = [.. results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
                Assert.Equal(numbers.Length, answers.Length);
                return answers;
            }
            await Task.Delay(50);
        }
        throw new TimeoutException($"{path} did not end within 60 s.");
    }

    private static async Task EventuallyAsync(Func<bool> holds, string what)
    {
        for (int i = 0; !holds(); i++)
        {
            Assert.True(i < 1200, $"Within 60 s it was not so that {what}.");
            await Task.Delay(50);
        }
    }

    private static string Canary(int job) => string.Create(CultureInfo.InvariantCulture, $"zq{job * 7919:x8}qz");

    private static bool IsScored(int job) => job % PerRound >= Ahead && job % 2 == 0;

    /// <summary>
    /// Half are scored, with their word among the choices; half generate, and those that are to be cancelled as they run for long: the end of a text is no choice for them. All begin with the
    /// same words, so that pages are shared within a tenant.
    /// </summary>
    private static string Body(int job) => IsScored(job)
        ? $$"""{"model":"tickets","kind":"score","prompt":"You answer support tickets in JSON. My order {{Canary(job)}} arrived broken.","choices":[" {{Canary(job)}}"," refund"],"cache":{"mode":"off"} }"""
        : $$"""{"model":"tickets","prompt":"You answer support tickets in JSON. My order {{Canary(job)}} arrived broken. Repeat {{Canary(job)}}:","parameters":{{Parameters(job)}},"cache":{"mode":"off"} }""";

    private static string Parameters(int job) => job % PerRound < Ahead ? """{"max_tokens":380,"logit_bias":{"1":-100} }""" : """{"max_tokens":24,"logprobs":2}""";

    private static string Texts(JsonElement job) => string.Join('|', job.GetProperty("outputs").EnumerateArray().Select(output => output.GetProperty("text").GetString()));

    private static string PathOf(JsonElement job) => $"/v1/jobs/{job.GetProperty("id").GetString()}";

    private static string? StateOf(JsonElement job) => job.GetProperty("state").GetString();

    private static async Task<JsonElement> GetAsync(HttpClient client, string path)
    {
        using JsonDocument now = JsonDocument.Parse(await client.GetStringAsync(path));
        return now.RootElement.Clone();
    }

    private static async Task<JsonElement> EndAsync(HttpClient client, JsonElement job, bool mayBeCancelled = false)
    {
        for (int i = 0; i < 1200; i++)
        {
            JsonElement now = await GetAsync(client, PathOf(job));
            switch (StateOf(now))
            {
                case "succeeded":
                case "cancelled" when mayBeCancelled:
                    return now;
                case "queued" or "running":
                    await Task.Delay(50);
                    break;
                default:
                    Assert.Fail(now.GetRawText());
                    break;
            }
        }
        throw new TimeoutException($"{PathOf(job)} did not end within 60 s.");
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, string path, string json)
    {
        using HttpResponseMessage response = await client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await ApiHost.JsonAsync(response);
    }

    [GeneratedRegex("zq[0-9a-f]{8}qz")]
    private static partial Regex Word();

    [GeneratedRegex(@"Batch \S+ of tickets: (\d+) jobs")]
    private static partial Regex Batch();
}
