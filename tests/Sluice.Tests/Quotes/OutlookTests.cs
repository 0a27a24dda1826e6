using System.Text.Json;
using Sluice.Tests.Api;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Quotes;

/// <summary>When a submission and a schedule's run will have ended, while they are under way.</summary>
public sealed class OutlookTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("sluice-outlook-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(3600, "on_track")]
    [InlineData(1, "late")]
    public async Task A_run_with_a_time_to_finish_by_says_whether_it_will(int within, string outlook)
    {
        await using ApiHost host = await StartAsync();
        Directory.CreateDirectory(Path.Combine(_root, "default"));
        await File.WriteAllLinesAsync(Path.Combine(_root, "default", "in.jsonl"), Enumerable.Range(0, 300).Select(i => $$"""{"id":"{{i}}"}"""));
        using HttpResponseMessage made = await host.PostAsync("/v1/schedules", $$$"""
            {"name":"often","cron":"0 0 0 1 1 ?","paused":true,"finish_within":{{{within}}},"source":{"type":"jsonl","path":"in.jsonl","key":"id"},
            "request":{"model":"stub","prompt":"Say {{id}}","on_late":"run"},"sink":{"type":"results"}}
            """);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        using HttpResponseMessage ran = await host.Client.PostAsync("/v1/schedules/often/run", null);
        JsonElement run = default;
        await WorkerRig.EventuallyAsync(async () => (run = await RunAsync(host)).TryGetProperty("outlook", out JsonElement said) && said.GetString() == outlook, outlook);
        Assert.Equal("running", run.GetProperty("state").GetString());
        Assert.Equal(outlook == "late", run.TryGetProperty("late_by", out JsonElement lateBy) && lateBy.GetDouble() > 0);

        JsonElement submission = await ReadAsync(host, $"/v1/submissions/{run.GetProperty("submission").GetString()}");
        Assert.True(submission.GetProperty("eta").GetDateTimeOffset() > submission.GetProperty("created_at").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_line_that_cannot_be_in_time_and_is_not_wanted_late_is_an_error_row_that_says_when_unless_its_answer_is_known()
    {
        await using ApiHost host = await StartAsync();
        await host.SubmitAsync("""{"model":"stub","prompt":"known"}""", ("Prefer", "wait=20"));
        using HttpResponseMessage sent = await host.Client.PostAsync("/v1/submissions?model=stub", new StringContent("""
            {"custom_id":"late","prompt":"late","ttl":0.01,"on_late":"reject"}
            {"custom_id":"good","prompt":"good","ttl":600,"on_late":"reject"}
            {"custom_id":"known","prompt":"known","ttl":0.01,"on_late":"reject"}
            """, System.Text.Encoding.UTF8, "application/jsonl"));
        string id = (await ApiHost.JsonAsync(sent)).GetProperty("id").GetString()!;
        await WorkerRig.EventuallyAsync(async () => (await ReadAsync(host, $"/v1/submissions/{id}")).GetProperty("state").GetString() == "finished", "it ends");
        using JsonDocument error = JsonDocument.Parse(await host.Client.GetStringAsync($"/v1/submissions/{id}/errors"));
        JsonElement why = error.RootElement.GetProperty("error");
        Assert.Equal(("late", "deadline_cannot_be_met", "ttl"), (error.RootElement.GetProperty("custom_id").GetString(), why.GetProperty("code").GetString(), why.GetProperty("param").GetString()));
        JsonElement counts = (await ReadAsync(host, $"/v1/submissions/{id}")).GetProperty("counts");
        Assert.Equal((2, 1, 2), (counts.GetProperty("fed").GetInt32(), counts.GetProperty("invalid").GetInt32(), counts.GetProperty("succeeded").GetInt32()));
        Assert.Contains("would end at about", why.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.False((await ReadAsync(host, $"/v1/submissions/{id}")).TryGetProperty("eta", out _));
    }

    private async Task<ApiHost> StartAsync()
    {
        Dictionary<string, string?> settings = new()
        {
            ["Schedules:FilesRoot"] = _root,
            ["Schedules:Poll"] = "00:00:00.1",
            ["Submissions:TendEvery"] = "00:00:00.02",
            ["Submissions:LookEvery"] = "00:00:00.02",
            ["Worker:ReportInterval"] = "00:00:00.05",
            ["Worker:CostInterval"] = "00:00:00.1",
            ["Worker:StubDelay"] = "00:00:00.1",
            ["Worker:StubSequences"] = "1",
            ["Intake:CountEvery"] = "00:00:00.05",
        };
        ApiHost host = await ApiHost.StartAsync(settings, worker: true);
        await QuoteEndpointTests.LearnAsync(host);
        return host;
    }

    private static async Task<JsonElement> RunAsync(ApiHost host) => (await ReadAsync(host, "/v1/schedules/often")).GetProperty("runs")[0];

    private static async Task<JsonElement> ReadAsync(ApiHost host, string path)
    {
        using HttpResponseMessage response = await host.Client.GetAsync(path);
        return await ApiHost.JsonAsync(response);
    }
}
