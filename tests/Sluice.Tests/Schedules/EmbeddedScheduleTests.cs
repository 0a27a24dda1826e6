using System.Net;
using System.Text.Json;
using Sluice.Tests.Api;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>A schedule from its file to its file, in one process with Quartz in memory.</summary>
public sealed class EmbeddedScheduleTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("sluice-schedule-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Rows_of_a_file_are_answered_into_a_file_whole_by_the_clock_and_by_hand()
    {
        Directory.CreateDirectory(Path.Combine(_root, "default"));
        await File.WriteAllTextAsync(Path.Combine(_root, "default", "in.jsonl"), """
            {"id":"a","text":"one"}
            {"id":"b"}
            {"id":"c","text":"three"}
            {"id":"a","text":"again"}
            """);
        await using ApiHost host = await ApiHost.StartAsync(new() { ["Schedules:FilesRoot"] = _root, ["Schedules:Poll"] = "00:00:00.1" }, worker: true);
        using HttpResponseMessage made = await host.PostAsync("/v1/schedules", """
            {"name":"often","cron":"* * * * * ?","finish_within":600,"source":{"type":"jsonl","path":"in.jsonl","key":"id"},
            "request":{"model":"stub","kind":"generate","prompt":"Say {{text}}","parameters":{"max_tokens":3}},
            "sink":{"type":"jsonl","path":"out/{submission}.jsonl"},"overlap":"queue"}
            """);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        await WorkerRig.EventuallyAsync(async () => (await RunsAsync(host)).Count(run => run.GetProperty("state").GetString() == "finished") >= 2, "two runs end", 60);
        using HttpResponseMessage paused = await host.Client.PostAsync("/v1/schedules/often/pause", null);
        using HttpResponseMessage byHand = await host.Client.PostAsync("/v1/schedules/often/run", null);
        Assert.Equal(HttpStatusCode.Accepted, byHand.StatusCode);
        await WorkerRig.EventuallyAsync(async () => (await RunsAsync(host)).All(run => run.GetProperty("state").GetString() is "finished"), "all runs end", 60);
        List<JsonElement> runs = await RunsAsync(host);
        Assert.Equal(runs.Count, runs.Select(run => run.GetProperty("fire_time").GetString()).Distinct().Count());
        Assert.Single(runs, run => run.GetProperty("manual").GetBoolean());
        foreach (JsonElement run in runs)
        {
            Assert.Equal((4, true), (run.GetProperty("rows").GetInt32(), run.GetProperty("on_time").GetBoolean()));
            string[] lines = await File.ReadAllLinesAsync(Path.Combine(_root, "default", "out", $"{run.GetProperty("submission").GetString()}.jsonl"));
            Assert.Equal(["a succeeded", "b invalid missing_field", "c succeeded", "a invalid duplicate"], lines.Select(Describe));
        }
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(_root, "default", "out")), file => file.EndsWith(".part", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_cancels_the_older_one_takes_its_place_and_alone_reaches_the_sink()
    {
        const int rows = 20;
        Directory.CreateDirectory(Path.Combine(_root, "default"));
        await File.WriteAllLinesAsync(Path.Combine(_root, "default", "in.jsonl"), Enumerable.Range(1, rows).Select(i => $$"""{"id":"r{{i}}","text":"row {{i}}"}"""));
        await using ApiHost host = await ApiHost.StartAsync(
            new() { ["Schedules:FilesRoot"] = _root, ["Schedules:Poll"] = "00:00:00.05", ["Submissions:TendEvery"] = "00:00:00.05", ["Worker:StubSequences"] = "1", ["Worker:StubDelay"] = "00:00:00.2" }, worker: true);
        using HttpResponseMessage made = await host.PostAsync("/v1/schedules", """
            {"name":"often","cron":"0 0 3 1 1 ? 2099","source":{"type":"jsonl","path":"in.jsonl","key":"id"},
            "request":{"model":"stub","kind":"generate","prompt":"Say {{text}}","parameters":{"max_tokens":3},"cache":{"mode":"off"}},
            "sink":{"type":"jsonl","path":"out/{submission}.jsonl"},"overlap":"cancel_older"}
            """);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        await RunAsync(host);
        string older = "";
        await WorkerRig.EventuallyAsync(
            async () =>
            {
                older = (await RunsAsync(host))[0] is var run && run.TryGetProperty("submission", out JsonElement name) ? name.GetString()! : "";
                return older != "" && await SucceededAsync(host, older) > 0;
            },
            "the older run has its first answer", 60);
        await RunAsync(host);
        await WorkerRig.EventuallyAsync(async () => (await RunsAsync(host)).All(run => run.GetProperty("state").GetString() is "finished" or "cancelled"), "both runs end", 60);
        JsonElement[] runs = [.. (await RunsAsync(host)).OrderBy(run => run.GetProperty("submission").GetString() == older)];
        Assert.Equal(["finished", "cancelled"], runs.Select(run => run.GetProperty("state").GetString()));
        Assert.Equal("superseded", runs[1].GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(rows, runs[0].GetProperty("delivered").GetInt32());
        using HttpResponseMessage cancelled = await host.Client.GetAsync($"/v1/submissions/{older}");
        JsonElement submission = await ApiHost.JsonAsync(cancelled);
        Assert.Equal("cancelled", submission.GetProperty("state").GetString());
        Assert.InRange(submission.GetProperty("counts").GetProperty("succeeded").GetInt32(), 1, rows - 1);
        string file = Assert.Single(Directory.EnumerateFiles(Path.Combine(_root, "default", "out")));
        Assert.Equal($"{runs[0].GetProperty("submission").GetString()}.jsonl", Path.GetFileName(file));
        Assert.Equal(Enumerable.Range(1, rows).Select(i => $"r{i} succeeded"), (await File.ReadAllLinesAsync(file)).Select(Describe));
    }

    private static async Task RunAsync(ApiHost host)
    {
        using HttpResponseMessage run = await host.Client.PostAsync("/v1/schedules/often/run", null);
        Assert.Equal(HttpStatusCode.Accepted, run.StatusCode);
    }

    private static async Task<int> SucceededAsync(ApiHost host, string submission)
    {
        using HttpResponseMessage response = await host.Client.GetAsync($"/v1/submissions/{submission}");
        return (await ApiHost.JsonAsync(response)).GetProperty("counts").GetProperty("succeeded").GetInt32();
    }

    private static string Describe(string line)
    {
        using JsonDocument json = JsonDocument.Parse(line);
        JsonElement root = json.RootElement;
        return $"{root.GetProperty("custom_id").GetString()} {root.GetProperty("state").GetString()} {(root.TryGetProperty("error", out JsonElement error) ? error.GetProperty("code").GetString() : "")}".TrimEnd();
    }

    private static async Task<List<JsonElement>> RunsAsync(ApiHost host)
    {
        using HttpResponseMessage response = await host.Client.GetAsync("/v1/schedules/often/runs");
        return [.. (await ApiHost.JsonAsync(response)).GetProperty("data").EnumerateArray()];
    }
}
