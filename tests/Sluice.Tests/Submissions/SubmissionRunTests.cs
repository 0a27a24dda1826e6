using System.Net;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Tests.Api;
using Sluice.Tests.Webhooks;
using Xunit;

namespace Sluice.Tests.Submissions;

/// <summary>Files through the whole service.</summary>
public sealed class SubmissionRunTests
{
    [Fact]
    public async Task A_file_runs_and_its_results_come_in_the_order_of_its_lines()
    {
        await using FileHost host = await FileHost.StartAsync();
        string lines = string.Join('\n', Enumerable.Range(1, 2500).Select(i => FileHost.Job($"c{i}", $"number {i}")));
        SubmissionView accepted = await FileHost.ViewAsync(await host.PostAsync(lines), HttpStatusCode.Accepted);
        Assert.Equal((2500, false), (accepted.Counts.Lines, accepted.UploadIncomplete));
        SubmissionView ended = await host.AwaitAsync(accepted.Id);
        Assert.Equal((SubmissionState.Finished, SubmissionOutcome.Succeeded, 2500, 0), (ended.State, ended.Outcome, ended.Counts.Succeeded, ended.Counts.Pending));
        List<JsonElement> results = await host.LinesAsync(ended.Id, "results");
        Assert.Equal(Enumerable.Range(1, 2500).Select(i => $"c{i}"), results.Select(r => r.GetProperty("custom_id").GetString()));
        Assert.Equal(Enumerable.Range(1, 2500), results.Select(r => r.GetProperty("line").GetInt32()));
        Assert.All(results, r => Assert.StartsWith("stub:", r.GetProperty("outputs")[0].GetProperty("text").GetString(), StringComparison.Ordinal));
        Assert.Empty(await host.LinesAsync(ended.Id, "errors"));
        Assert.Equal([1201, 1202], (await host.LinesAsync(ended.Id, "results?after=1200&limit=2")).Select(r => r.GetProperty("line").GetInt32()));
        JobPage page = JsonSerializer.Deserialize(await host.Api.Client.GetStringAsync($"/v1/jobs?submission={ended.Id}&limit=3"), JobsJson.Default.JobPage)!;
        Assert.Equal(["c2500", "c2499", "c2498"], page.Data.Select(j => j.CustomId));
        Assert.All(page.Data, job => Assert.Equal((ended.Id, JobClass.Bulk), (job.Submission, job.Priority)));
    }

    [Fact]
    public async Task Lines_in_OpenAIs_shape_get_OpenAIs_output_lines()
    {
        await using FileHost host = await FileHost.StartAsync();
        string lines = """
            {"custom_id":"t","method":"POST","url":"/v1/completions","body":{"model":"stub","prompt":"once","max_tokens":4}}
            {"custom_id":"e","method":"POST","url":"/v1/embeddings","body":{"model":"stub","input":"once","encoding_format":"base64"}}
            {"custom_id":"s","method":"POST","url":"/v1/score","body":{"prompt":"once","choices":["a","b"]}}
            {"custom_id":"x","method":"POST","url":"/v1/completions","body":{"model":"nobody","prompt":"once"}}

            """;
        SubmissionView ended = await host.EndAsync(lines, "?model=stub");
        Assert.Equal((SubmissionOutcome.PartlyFailed, 4, 1, 3), (ended.Outcome, ended.Counts.Lines, ended.Counts.Invalid, ended.Counts.Succeeded));
        List<JsonElement> results = await host.LinesAsync(ended.Id, "results");
        Assert.Equal(["t", "e", "s"], results.Select(r => r.GetProperty("custom_id").GetString()));
        Assert.All(results, r => Assert.Equal((200, JsonValueKind.Null), (r.GetProperty("response").GetProperty("status_code").GetInt32(), r.GetProperty("error").ValueKind)));
        JsonElement[] bodies = [.. results.Select(r => r.GetProperty("response").GetProperty("body"))];
        Assert.Equal(["text_completion", "list", "score"], bodies.Select(b => b.GetProperty("object").GetString()));
        Assert.StartsWith("stub:", bodies[0].GetProperty("choices")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, bodies[1].GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64().Length % 4);
        Assert.Equal(2, bodies[2].GetProperty("choices").GetArrayLength());
        JsonElement error = Assert.Single(await host.LinesAsync(ended.Id, "errors"));
        Assert.Equal(("x", 4, "unknown_model"), (error.GetProperty("custom_id").GetString(), error.GetProperty("line").GetInt32(), error.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal("body.model", error.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task Bad_and_repeated_lines_are_error_rows_with_number_and_reason()
    {
        await using FileHost host = await FileHost.StartAsync(worker: true, ("Submissions:MaxLineBytes", "1024"));
        string[] lines =
        [
            FileHost.Job("a", "one"), "", "not json", FileHost.Job("a", "again"), """{"custom_id":"m","model":"stub"}""", FileHost.Job("long", new string('x', 2000)),
            """{"custom_id":"u","model":"stub","prompt":"p","colour":1}""", """{"custom_id":"","model":"stub","prompt":"p"}""", "[1]", """{"model":"stub","prompt":"no id"}""",
        ];
        SubmissionView ended = await host.EndAsync(string.Join("\r\n", lines));
        Assert.Equal((9, 7, 2, SubmissionOutcome.PartlyFailed), (ended.Counts.Lines, ended.Counts.Invalid, ended.Counts.Succeeded, ended.Outcome));
        Assert.Equal([1, 10], (await host.LinesAsync(ended.Id, "results")).Select(r => r.GetProperty("line").GetInt32()));
        (int, string?, string?)[] errors = [.. (await host.LinesAsync(ended.Id, "errors")).Select(e =>
            (e.GetProperty("line").GetInt32(), e.GetProperty("custom_id").GetString(), e.GetProperty("error").GetProperty("code").GetString()))];
        Assert.Equal(
            [(3, null, "invalid_json"), (4, "a", "duplicate"), (5, "m", "required"), (6, null, "too_long"), (7, "u", "unknown_field"), (8, null, "too_long"), (9, null, "invalid")], errors);
    }

    [Fact]
    public async Task A_submission_without_any_answer_never_counts_as_a_success()
    {
        await using Sink sink = Sink.Status(200);
        await using FileHost host = await FileHost.StartAsync();
        using HttpResponseMessage made = await host.Api.PostAsync("/v1/webhooks", $$"""{"url":"{{sink.Url}}","events":["submission.finished"]}""");
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        SubmissionView ended = await host.EndAsync("no\nno\n" + FileHost.Job("late", "p", ",\"ttl\":0.000001"));
        Assert.Equal((SubmissionState.Finished, SubmissionOutcome.AllFailed, 2, 1), (ended.State, ended.Outcome, ended.Counts.Invalid, ended.Counts.Expired));
        Received told = await sink.FirstAsync();
        using JsonDocument body = JsonDocument.Parse(told.Body);
        Assert.Equal("submission.finished", body.RootElement.GetProperty("type").GetString());
        JsonElement data = body.RootElement.GetProperty("data");
        Assert.Equal((ended.Id, "finished", "all_failed"), (data.GetProperty("id").GetString(), data.GetProperty("state").GetString(), data.GetProperty("outcome").GetString()));
        Assert.Equal(2, data.GetProperty("counts").GetProperty("invalid").GetInt32());
    }

    [Fact]
    public async Task Equal_lines_run_once_and_an_answer_that_is_known_is_used()
    {
        await using FileHost host = await FileHost.StartAsync();
        string lines = string.Join('\n', Enumerable.Range(0, 40).Select(i => FileHost.Job($"c{i}", $"the same {i % 4}")));
        SubmissionView first = await host.EndAsync(lines);
        Assert.Equal(40, first.Counts.Succeeded);
        List<JsonElement> results = await host.LinesAsync(first.Id, "results");
        Assert.Equal(4, results.Count(r => r.GetProperty("source").GetString() == "engine"));
        SubmissionView second = await host.EndAsync(lines);
        Assert.All(await host.LinesAsync(second.Id, "results"), r => Assert.Equal("cache", r.GetProperty("source").GetString()));
    }

    [Fact]
    public async Task A_re_worded_line_is_answered_by_what_an_earlier_submission_left_and_a_look_alike_is_computed()
    {
        await using FileHost host = await FileHost.StartAsync();
        await host.EndAsync(FileHost.Job("first", "Cancel order 4711."));
        SubmissionView again = await host.EndAsync(string.Join('\n',
            FileHost.Job("reworded", "Would you cancel order 4711, please?"), FileHost.Job("other", "Cancel order 4712."), FileHost.Job("exactly", "Kindly cancel order 4711!", ",\"cache\":{\"mode\":\"exact\"}")));
        List<JsonElement> results = await host.LinesAsync(again.Id, "results");
        Assert.Equal(["cache", "engine", "engine"], results.Select(r => r.GetProperty("source").GetString()));
        JobView hit = await ApiHost.JobAsync(await host.Api.Client.GetAsync($"/v1/jobs/{results[0].GetProperty("job").GetString()}"));
        Assert.Equal("semantic", hit.Cache?.Tier);
        Assert.InRange(hit.Cache!.Similarity, 0.6, 0.999999);
    }

    [Fact]
    public async Task Events_tell_every_change_once_and_end_with_the_submission()
    {
        await using FileHost host = await FileHost.StartAsync();
        SubmissionView ended = await host.EndAsync(FileHost.Job("a", "one"));
        string all = await host.Api.Client.GetStringAsync($"/v1/submissions/{ended.Id}/events");
        string[] lines = all.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("event: submission", lines[1]);
        Assert.Equal(ended.Id, JsonSerializer.Deserialize(lines[2]["data: ".Length..], JobsJson.Default.SubmissionView)!.Id);
        using HttpRequestMessage again = new(HttpMethod.Get, $"/v1/submissions/{ended.Id}/events");
        again.Headers.Add("Last-Event-ID", lines[0]["id: ".Length..]);
        using HttpResponseMessage nothing = await host.Api.Client.SendAsync(again);
        Assert.Equal("", await nothing.Content.ReadAsStringAsync());
    }
}
