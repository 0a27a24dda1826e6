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
