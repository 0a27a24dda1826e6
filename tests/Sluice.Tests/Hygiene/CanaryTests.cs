using System.Globalization;
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
/// Four tenants' jobs in batches of 64 on the engine that computes, each with a word of its own. No job's word is in another's answer, in the log, in the metrics or in a webhook,
/// and what a job gets in company it gets alone.
/// </summary>
[Collection(nameof(LogHygieneTests))]
public sealed partial class CanaryTests
{
    private const int Single = 48, Lines = 128, Largest = 64, Ahead = 2;
    private static readonly string[] s_tenants = ["one", "two", "three", "four"];

    [Fact]
    public async Task No_word_of_one_job_is_anywhere_in_another()
    {
        using Recorder recorder = new();
        await using Sink sink = Sink.Status(200);
        MemoryJobStore memory = new(TimeProvider.System);
        GatedStore store = new(memory, nameof(IJobStore.ClaimAsync));
        Dictionary<string, string?> settings = new(Recorder.Settings) { ["Webhooks:Concurrency"] = "16", ["Worker:MaxSequences"] = $"{Largest + Ahead}", ["Worker:MaxStepTokens"] = "8192" };
        await using ApiHost host = await ApiHost.StartAsync(
            settings, [$"tickets={Path.Combine(SourceTree.Root, "src/Sluice.Cli/Demo/model")}"], worker: true, stub: false, log: recorder, parts: services => services.AddSingleton(memory).AddSingleton(store.Store));
        HttpClient[] tenants = [.. await Task.WhenAll(s_tenants.Select(tenant => host.ClientAsync(tenant, KeyScopes.All)))];
        foreach (HttpClient tenant in tenants)
        {
            await PostAsync(tenant, "/v1/webhooks", $$"""{"url":"{{sink.Url}}"}""");
        }

        // As many batches of one job as are claimed at a time stand at the gate. All others gather behind them, some sent one by one, so that each end is told, some in files, until it opens.
        Task<JsonElement>[] single = new Task<JsonElement>[Single];
        for (int i = 0; i < Single; i++)
        {
            single[i] = EndAsync(tenants[i % tenants.Length], await PostAsync(tenants[i % tenants.Length], "/v1/jobs", Body(i)));
            await EventuallyAsync(() => store.Sizes.Count == Math.Min(i + 1, Ahead), "it is at the gate");
        }
        Task<JsonElement[]>[] files = [.. tenants.Select((tenant, t) => FileAsync(tenant, [.. Enumerable.Range(Single + (t * Lines), Lines)]))];
        await EventuallyAsync(() => host.Parts.GetRequiredService<InferenceLoops>().All.Sum(loop => loop.Waiting) == Single + (tenants.Length * Lines) - Ahead, "all gather");
        store.Gate.SetResult();
        List<JsonElement> answers = [.. await Task.WhenAll(single), .. (await Task.WhenAll(files)).SelectMany(file => file)];
        int largest = recorder.Lines.Select(line => Batch().Match(line)).Where(match => match.Success).Max(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        Assert.Equal(Largest, largest);
        int jobs = answers.Count;
        int told = jobs + tenants.Length; // each end, and each file's
        await EventuallyAsync(() => sink.Requests.Count >= told, "all are told");
        Assert.Equal(told, sink.Requests.Count);

        int own = 0;
        for (int i = 0; i < jobs; i++)
        {
            string[] words = [.. Word().Matches(answers[i].GetRawText()).Select(match => match.Value).Distinct()];
            Assert.DoesNotContain(words, word => word != Canary(i));
            own += words.Length;
        }
        Assert.True(own >= jobs / 2, $"{own} words"); // what is scored is shown again: an answer that holds a word is looked at with effect
        Assert.DoesNotMatch(Word(), await host.Client.GetStringAsync("/metrics"));
        Assert.DoesNotContain(recorder.Lines, line => Word().IsMatch(line));
        Assert.All(sink.Requests, request => Assert.DoesNotMatch(Word(), Encoding.UTF8.GetString(request.Body) + request.Line));
        Console.WriteLine($"canaries: {jobs} jobs of {s_tenants.Length} tenants, largest batch {largest}, {own} own words and 0 foreign, {recorder.Lines.Count} log lines, {sink.Requests.Count} webhooks");

        // Alone and in a scope where nothing is cached: the same.
        using HttpClient alone = await host.ClientAsync("alone", KeyScopes.All);
        for (int i = 0; i < Single; i++)
        {
            JsonElement again = await EndAsync(alone, await PostAsync(alone, "/v1/jobs", Body(i)));
            Assert.Equal(Texts(answers[i]), Texts(again));
        }
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

    /// <summary>Half are scored, with their word among the choices; half generate. All begin with the same words, so that pages are shared within a tenant.</summary>
    private static string Body(int job) => job % 2 == 0
        ? $$"""{"model":"tickets","kind":"score","prompt":"You answer support tickets in JSON. My order {{Canary(job)}} arrived broken.","choices":[" {{Canary(job)}}"," refund"],"cache":{"mode":"off"} }"""
        : $$"""{"model":"tickets","prompt":"You answer support tickets in JSON. My order {{Canary(job)}} arrived broken. Repeat {{Canary(job)}}:","parameters":{"max_tokens":24,"logprobs":2},"cache":{"mode":"off"} }""";

    private static string Texts(JsonElement job) => string.Join('|', job.GetProperty("outputs").EnumerateArray().Select(output => output.GetProperty("text").GetString()));

    private static async Task<JsonElement> EndAsync(HttpClient client, JsonElement job)
    {
        string path = $"/v1/jobs/{job.GetProperty("id").GetString()}";
        for (int i = 0; i < 1200; i++)
        {
            using JsonDocument now = JsonDocument.Parse(await client.GetStringAsync(path));
            if (now.RootElement.GetProperty("state").GetString() is "succeeded" or "failed")
            {
                Assert.Equal("succeeded", now.RootElement.GetProperty("state").GetString());
                return now.RootElement.Clone();
            }
            await Task.Delay(50);
        }
        throw new TimeoutException($"{path} did not end within 60 s.");
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
