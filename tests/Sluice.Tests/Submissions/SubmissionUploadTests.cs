using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Submissions;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Submissions;

/// <summary>What the door of submissions takes, refuses and keeps.</summary>
public sealed class SubmissionUploadTests
{
    [Fact]
    public async Task A_list_is_taken_as_lines_are()
    {
        await using FileHost host = await FileHost.StartAsync();
        string list = $$"""{"jobs":[{{FileHost.Job("a", "one\\nline")}},{"custom_id":"b"}]}""";
        SubmissionView ended = await host.AwaitAsync((await FileHost.ViewAsync(await host.PostAsync(list, "?name=two&priority=standard", "application/json"))).Id);
        Assert.Equal((2, 1, 1, "two"), (ended.Counts.Lines, ended.Counts.Succeeded, ended.Counts.Invalid, ended.Name));
        await RefusedAsync(await host.PostAsync("""{"jobs":1}""", "", "application/json"), HttpStatusCode.BadRequest, "required");
        await RefusedAsync(await host.PostAsync("""{"job":[]}""", "", "application/json"), HttpStatusCode.BadRequest, "unknown_field");
        await RefusedAsync(await host.PostAsync("{", "", "application/json"), HttpStatusCode.BadRequest, "invalid_json");
    }

    [Fact]
    public async Task An_item_of_a_list_that_is_no_text_is_an_error_row_as_a_line_is()
    {
        await using FileHost host = await FileHost.StartAsync();
        string list = $$"""
            {"jobs":[{{FileHost.Job("a", "one")}},
              {"custom_id":"b",
               "model":"stub", "prompt":"\ud800"},
              {"custom_id":"c", "\ud800":1},
              7]}
            """;
        SubmissionView ended = await host.AwaitAsync((await FileHost.ViewAsync(await host.PostAsync(list, type: "application/json"))).Id);
        Assert.Equal((4, 1, 3), (ended.Counts.Lines, ended.Counts.Succeeded, ended.Counts.Invalid));
        Assert.Equal([2, 3, 4], (await host.LinesAsync(ended.Id, "errors")).Select(line => line.GetProperty("line").GetInt32()));
        await RefusedAsync(await host.PostAsync("""{"\ud800":[]}""", "", "application/json"), HttpStatusCode.BadRequest, "unknown_field");
    }

    [Fact]
    public async Task What_cannot_be_taken_is_refused_by_name_and_leaves_nothing()
    {
        await using FileHost host = await FileHost.StartAsync(worker: false);
        await RefusedAsync(await host.PostAsync("x", "", "image/png"), HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        await RefusedAsync(await host.PostAsync("x", "?colour=1"), HttpStatusCode.BadRequest, "unknown_field");
        await RefusedAsync(await host.PostAsync("x", "?ttl=soon&kind=none&on_broken=maybe"), HttpStatusCode.BadRequest, "invalid");
        await RefusedAsync(await host.PostAsync("\n \n"), HttpStatusCode.BadRequest, "required");
        Assert.Empty((await host.Store.ListAsync("default", new SubmissionQuery(), CancellationToken.None)));
        await RefusedAsync(await host.Api.Client.GetAsync("/v1/submissions?state=odd"), HttpStatusCode.BadRequest, "invalid");
        await RefusedAsync(await host.Api.Client.GetAsync("/v1/submissions/sub_1"), HttpStatusCode.NotFound, "submission_not_found");
    }

    [Fact]
    public async Task Past_the_limits_the_upload_is_refused_and_what_came_is_cancelled()
    {
        await using FileHost host = await FileHost.StartAsync(worker: false, ("Submissions:MaxLines", "2"));
        HttpResponseMessage refused = await host.PostAsync(string.Join('\n', FileHost.Job("a", "1"), FileHost.Job("b", "2"), FileHost.Job("c", "3")));
        await RefusedAsync(refused, HttpStatusCode.RequestEntityTooLarge, "submission_too_large");
        SubmissionRecord left = Assert.Single(await host.Store.ListAsync("default", new SubmissionQuery(), CancellationToken.None));
        Assert.Equal((SubmissionState.Cancelled, 0), (left.State, left.Counts.Fed));
    }

    [Theory]
    [InlineData('x', null)]
    [InlineData('x', "k")]
    [InlineData('\n', null)]
    [InlineData('\n', "k")]
    public async Task A_body_without_end_is_read_as_far_as_a_submission_may_go(char value, string? key)
    {
        await using FileHost host = await FileHost.StartAsync(worker: false);
        await FileHost.ViewAsync(await host.PostAsync(FileHost.Job("a", "1"), key: "k"));
        using SubmissionSignal signal = new();
        SubmissionReceiver receiver = new(host.Store, signal, Options.Create(new SubmissionOptions { MaxBytes = 100_000, MaxLineBytes = 1024 }), TimeProvider.System);
        using EndlessStream body = new(key is null ? [] : Encoding.UTF8.GetBytes(FileHost.Job("a", "1") + "\n"), (byte)value, 1_000_000);
        NewSubmission submission = new() { Id = Guid.CreateVersion7(), Tenant = "default", IdempotencyKey = key };
        Received.TooLarge refused = Assert.IsType<Received.TooLarge>(await receiver.ReceiveAsync(submission, default, body, CancellationToken.None));
        Assert.Null(refused.Submission);
        Assert.Equal(("bytes", 100_000L), (refused.What, refused.Limit));
        Assert.Single(await host.Store.ListAsync("default", new SubmissionQuery(), CancellationToken.None));
    }

    [Fact]
    public async Task A_repeat_beyond_the_limit_is_refused_as_too_large()
    {
        await using FileHost host = await FileHost.StartAsync(worker: false, ("Submissions:MaxBytes", "4096"));
        await FileHost.ViewAsync(await host.PostAsync(FileHost.Job("a", "1"), key: "k"));
        string repeat = FileHost.Job("a", "1") + "\n" + new string('x', 5000);
        await RefusedAsync(await host.PostAsync(repeat, key: "k"), HttpStatusCode.RequestEntityTooLarge, "submission_too_large");
        await RefusedAsync(await host.PostAsync(new string('x', 5000)), HttpStatusCode.RequestEntityTooLarge, "submission_too_large");
    }

    [Fact]
    public async Task One_key_makes_one_submission_of_the_same_lines()
    {
        await using FileHost host = await FileHost.StartAsync(worker: false);
        SubmissionView first = await FileHost.ViewAsync(await host.PostAsync(FileHost.Job("a", "1"), key: "k"));
        using HttpResponseMessage again = await host.PostAsync(FileHost.Job("a", "1"), key: "k");
        Assert.Equal((first.Id, "true"), ((await FileHost.ViewAsync(again)).Id, again.Headers.GetValues("Idempotent-Replayed").Single()));
        await RefusedAsync(await host.PostAsync(FileHost.Job("a", "2"), key: "k"), HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        await RefusedAsync(await host.PostAsync(FileHost.Job("a", "1"), "?priority=standard", key: "k"), HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        Assert.Single(await host.Store.ListAsync("default", new SubmissionQuery(), CancellationToken.None));
    }

    [Fact]
    public async Task The_key_of_an_upload_that_was_cancelled_while_it_came_says_so()
    {
        await using FileHost host = await FileHost.StartAsync(worker: false);
        NewSubmission submission = new() { Id = Guid.CreateVersion7(), Tenant = "default", IdempotencyKey = "k" };
        await host.Store.StartAsync(submission, CancellationToken.None);
        await RefusedAsync(await host.PostAsync(FileHost.Job("a", "1"), key: "k"), HttpStatusCode.Conflict, "upload_in_progress");
        await host.Store.CancelAsync("default", submission.Id, CancellationToken.None);
        await RefusedAsync(await host.PostAsync(FileHost.Job("a", "1"), key: "k"), HttpStatusCode.Conflict, "submission_ended");
    }

    [Theory]
    [InlineData("cancel", SubmissionState.Cancelled, 0)]
    [InlineData("keep", SubmissionState.Finished, 2)]
    public async Task A_broken_upload_is_seen_while_it_lasts_and_kept_or_cancelled_as_asked(string broken, SubmissionState state, int succeeded)
    {
        await using FileHost host = await FileHost.StartAsync(worker: true, ("Submissions:StageAfter", "00:00:00.1"));
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, host.Api.Client.BaseAddress!.Port);
        string lines = FileHost.Job("a", "one") + "\n" + FileHost.Job("b", "two") + "\n{\"custom_id\":\"c\",";
        string request = $"POST /v1/submissions?on_broken={broken} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {host.Api.Key}\r\ncontent-type: application/jsonl\r\ncontent-length: 1000000\r\n\r\n{lines}";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        SubmissionRecord? receiving = null;
        for (int i = 0; i < 1000 && receiving?.Counts.Lines != 2; i++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            receiving = await host.Store.ListAsync("default", new SubmissionQuery(), CancellationToken.None) is [var one, ..] ? one : null;
        }
        Assert.Equal((SubmissionState.Receiving, 2), (receiving!.State, receiving.Counts.Lines));
        client.Client.Close(0); // a reset
        SubmissionView ended = await host.AwaitAsync(SubmissionIds.Text(receiving.Id));
        Assert.Equal((state, true, succeeded, 2 - succeeded), (ended.State, ended.UploadIncomplete, ended.Counts.Succeeded, ended.Counts.Cancelled));
    }

    [Fact]
    public async Task A_chunk_that_could_not_be_stored_leaves_no_hole_in_what_is_kept()
    {
        await using FileHost host = await FileHost.StartAsync(worker: false);
        int staged = 0;
        List<int> kept = [];
        ISubmissionStore store = TappedStore.Around(host.Store, (method, arguments, call) =>
        {
            if (method == nameof(ISubmissionStore.StageAsync))
            {
                if (++staged == 2)
                    return Task.FromException<(bool, SubmissionRecord?)>(new StoreUnavailableException("Once, as asked for."));
                kept.AddRange(((LineChunk)arguments[2]!).Lines.Select(line => line.Number));
            }
            return call();
        });
        using SubmissionSignal signal = new();
        SubmissionReceiver receiver = new(store, signal, Options.Create(new SubmissionOptions { ChunkLines = 4, StageAfter = TimeSpan.FromMinutes(1) }), TimeProvider.System);
        NewSubmission submission = new() { Id = Guid.CreateVersion7(), Tenant = "default", KeepIncomplete = true };
        using MemoryStream body = new(Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(1, 14).Select(i => FileHost.Job($"c{i}", $"p{i}")))));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => receiver.ReceiveAsync(submission, default, body, CancellationToken.None));
        SubmissionRecord left = (await host.Store.GetAsync("default", submission.Id, CancellationToken.None))!;
        Assert.Equal((SubmissionState.Running, true, 12), (left.State, left.UploadIncomplete, left.LastLine));
        Assert.Equal(Enumerable.Range(1, 12), kept);
    }

    [Fact]
    public async Task Nobody_sees_or_stops_anothers_submission()
    {
        await using FileHost host = await FileHost.StartAsync(worker: false);
        SubmissionView mine = await FileHost.ViewAsync(await host.PostAsync(FileHost.Job("a", "secret")));
        using HttpClient other = await host.Api.ClientAsync("rival", KeyScopes.All);
        foreach (string path in (string[])["", "/results", "/errors", "/events"])
            await RefusedAsync(await other.GetAsync($"/v1/submissions/{mine.Id}{path}"), HttpStatusCode.NotFound, "submission_not_found");
        await RefusedAsync(await other.PostAsync($"/v1/submissions/{mine.Id}/cancel", null), HttpStatusCode.NotFound, "submission_not_found");
        Assert.Equal("""{"data":[]}""", await other.GetStringAsync("/v1/submissions"));
        using HttpClient reader = await host.Api.ClientAsync("default", KeyScopes.Read);
        Assert.Equal(HttpStatusCode.Forbidden, (await host.PostAsync("x", client: reader)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync($"/v1/submissions/{mine.Id}/cancel", null)).StatusCode);
    }

    [Fact]
    public async Task A_cancel_in_the_middle_keeps_what_has_ended_and_names_what_has_not()
    {
        await using FileHost host = await FileHost.StartAsync(worker: false, ("Submissions:LivePerSubmission", "2"), ("Submissions:FeedLines", "2"));
        string lines = string.Join('\n', Enumerable.Range(1, 5).Select(i => FileHost.Job($"c{i}", $"p{i}")));
        SubmissionView view = await FileHost.ViewAsync(await host.PostAsync(lines));
        await host.AwaitAsync(view.Id, v => v.Counts.Fed == 2);
        await host.Api.FinishAsync(SubmissionJobs.IdOf(FileHost.Id(view), 2), "done");
        using HttpResponseMessage response = await host.Api.Client.PostAsync($"/v1/submissions/{view.Id}/cancel", null);
        SubmissionView cancelled = await host.AwaitAsync((await FileHost.ViewAsync(response)).Id);
        Assert.Equal((SubmissionState.Cancelled, SubmissionOutcome.Cancelled, 1, 4), (cancelled.State, cancelled.Outcome, cancelled.Counts.Succeeded, cancelled.Counts.Cancelled));
        Assert.Equal("done", Assert.Single(await host.LinesAsync(view.Id, "results")).GetProperty("outputs")[0].GetProperty("text").GetString());
        List<JsonElement> errors = await host.LinesAsync(view.Id, "errors");
        Assert.Equal(["c1", "c3", "c4", "c5"], errors.Select(e => e.GetProperty("custom_id").GetString()));
        Assert.All(errors, e => Assert.Equal("batch_cancelled", e.GetProperty("error").GetProperty("code").GetString()));
    }

    private static async Task RefusedAsync(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        using (response)
        {
            string body = await response.Content.ReadAsStringAsync();
            Assert.True(status == response.StatusCode, $"{response.StatusCode}: {body}");
            using JsonDocument document = JsonDocument.Parse(body);
            Assert.Equal(code, document.RootElement.GetProperty("error").GetProperty("code").GetString());
        }
    }
}
