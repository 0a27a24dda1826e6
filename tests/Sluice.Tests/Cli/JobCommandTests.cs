using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Sluice.Tests.Cli;

public sealed class JobCommandTests
{
    private const string Id = "job_0198c0de000070008000000000000001";

    private static string Job(string state, string more = "") => $$"""
        {"id":"{{Id}}","object":"job","state":"{{state}}","model":"m","kind":"generate","priority":"standard","namespace":"default","created_at":"2026-01-01T00:00:00.000Z"{{more}}}
        """;

    [Fact]
    public async Task Submit_sends_the_request_with_key_and_idempotency_key_and_prints_the_id()
    {
        Scripted service = Scripted.Of(HttpStatusCode.Accepted, Job("queued"));
        string[] args =
        [
            "submit", "--model", "m", "--prompt", "once upon", "--max-tokens", "5", "--stop", "a", "--stop", "b", "--priority", "bulk", "--on-late", "run",
            "--deadline", "2026-01-01T01:00:00+01:00", "--cache", "exact", "--metadata", "a=b=c", "--idempotency-key", "k1",
        ];
        CliRun run = await CliRun.OfAsync(args, "", service, ("SLUICE_KEY", "sk_test"));
        Assert.Equal((0, Id + "\n"), (run.ExitCode, run.Out));

        (HttpRequestMessage request, string body) = Assert.Single(service.Asked);
        Assert.Equal("POST http://127.0.0.1:8080/v1/jobs", $"{request.Method} {request.RequestUri}");
        Assert.Equal("Bearer sk_test", request.Headers.Authorization!.ToString());
        Assert.Equal("k1", request.Headers.GetValues("Idempotency-Key").Single());
        using JsonDocument sent = JsonDocument.Parse(body);
        Assert.Equal("once upon", sent.RootElement.GetProperty("prompt").GetString());
        Assert.Equal("bulk run exact", string.Join(' ', sent.RootElement.GetProperty("priority"), sent.RootElement.GetProperty("on_late"), sent.RootElement.GetProperty("cache").GetProperty("mode")));
        Assert.Equal("""{"max_tokens":5,"stop":["a","b"]}""", sent.RootElement.GetProperty("parameters").GetRawText());
        Assert.Equal("""{"a":"b=c"}""", sent.RootElement.GetProperty("metadata").GetRawText());
        Assert.Equal(DateTimeOffset.Parse("2026-01-01T00:00:00Z", null), sent.RootElement.GetProperty("deadline").GetDateTimeOffset());
    }

    [Fact]
    public async Task Submit_reads_the_prompt_from_standard_input()
    {
        Scripted service = Scripted.Of(HttpStatusCode.Accepted, Job("queued"));
        await CliRun.OfAsync(["submit", "--model", "m", "--prompt", "-"], "two\nlines\n", service);
        using JsonDocument sent = JsonDocument.Parse(service.Asked[0].Body);
        Assert.Equal("two\nlines\n", sent.RootElement.GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task Submit_with_wait_polls_to_the_end_and_prints_the_answer()
    {
        Scripted service = Scripted.Of(HttpStatusCode.OK, Job("queued"), Job("running"), Job("running"), Job("succeeded", ""","outputs":[{"index":0,"text":" a time"}],"a_newer_member":1"""));
        CliRun run = await CliRun.OfAsync(["submit", "--model", "m", "--prompt", "p", "--wait"], "", service);
        Assert.Equal((0, " a time\n"), (run.ExitCode, run.Out));
        Assert.Equal($"{Id} queued\n{Id} running\n{Id} succeeded\n", run.Error);
        Assert.StartsWith("wait=", service.Asked[0].Request.Headers.GetValues("Prefer").Single(), StringComparison.Ordinal);
        Assert.EndsWith($"/v1/jobs/{Id}", service.Asked[3].Request.RequestUri!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("failed")]
    [InlineData("expired")]
    [InlineData("cancelled")]
    public async Task Watching_a_job_that_does_not_succeed_exits_1_with_one_object_on_output(string state)
    {
        string end = Job(state, ""","error":{"code":"why","message":"because"}""");
        CliRun run = await CliRun.OfAsync(["watch", Id, "--json"], "", Scripted.Of(HttpStatusCode.OK, Job("queued"), end));
        Assert.Equal((1, end + "\n"), (run.ExitCode, run.Out));
        Assert.Contains($"{state}: why: because", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watching_stops_when_the_time_is_over()
    {
        CliRun run = await CliRun.OfAsync(["watch", Id, "--timeout", "0.2"], "", Scripted.Of(HttpStatusCode.OK, Job("queued")));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("still queued after 0.2 s", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.9", null)]
    [InlineData("7.9", "wait=7")]
    [InlineData("600", "wait=20")]
    public async Task Submit_does_not_ask_the_service_to_hold_its_answer_longer_than_it_waits(string timeout, string? asked)
    {
        Scripted service = Scripted.Of(HttpStatusCode.OK, Job("succeeded"));
        Assert.Equal(0, (await CliRun.OfAsync(["submit", "--model", "m", "--prompt", "p", "--wait", "--timeout", timeout], "", service)).ExitCode);
        Assert.Equal(asked, service.Asked[0].Request.Headers.TryGetValues("Prefer", out IEnumerable<string>? values) ? values.Single() : null);
    }

    [Fact]
    public async Task The_time_that_the_service_held_its_answer_is_time_waited()
    {
        ManualTime time = new();
        Scripted service = new(_ =>
        {
            time.Advance(TimeSpan.FromSeconds(5));
            return new HttpResponseMessage(HttpStatusCode.Accepted) { Content = new StringContent(Job("queued"), Encoding.UTF8, "application/json") };
        });
        CliRun run = await CliRun.OfAsync(["submit", "--model", "m", "--prompt", "p", "--wait", "--timeout", "5"], time, service).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(1, run.ExitCode);
        Assert.Single(service.Asked);
        Assert.Contains("still queued after 5 s", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest, 2)]
    [InlineData(HttpStatusCode.UnprocessableEntity, 2)]
    [InlineData(HttpStatusCode.Unauthorized, 2)]
    [InlineData(HttpStatusCode.NotFound, 1)]
    [InlineData(HttpStatusCode.TooManyRequests, 1)]
    [InlineData(HttpStatusCode.ServiceUnavailable, 3)]
    public async Task A_refusal_is_told_in_the_services_words(HttpStatusCode status, int code)
    {
        const string problem = """{"detail":"2 fields are invalid.","errors":[{"field":"parameters.top_p","message":"must be at most 1; got 3.","code":"invalid"}],"error":{"message":"x"}}""";
        CliRun run = await CliRun.OfAsync(["submit", "--model", "m", "--prompt", "p", "--json"], "", Scripted.Of(status, problem));
        Assert.Equal((code, ""), (run.ExitCode, run.Out));
        Assert.Contains("2 fields are invalid.\n  parameters.top_p: must be at most 1; got 3.", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("get", "GET", "")]
    [InlineData("cancel", "POST", "/cancel")]
    [InlineData("retry", "POST", "/retry")]
    public async Task A_command_on_one_job_prints_the_services_object(string command, string method, string tail)
    {
        Scripted service = Scripted.Of(HttpStatusCode.OK, Job("cancelled"));
        CliRun run = await CliRun.OfAsync(["jobs", command, Id, "--json"], "", service);
        Assert.Equal((0, Job("cancelled") + "\n"), (run.ExitCode, run.Out));
        Assert.Equal($"{method} /v1/jobs/{Id}{tail}", $"{service.Asked[0].Request.Method} {service.Asked[0].Request.RequestUri!.AbsolutePath}");
    }

    [Fact]
    public async Task Delete_says_what_was_erased()
    {
        Scripted service = new(_ => new HttpResponseMessage(HttpStatusCode.NoContent));
        CliRun run = await CliRun.OfAsync(["jobs", "delete", Id, "--json"], "", service);
        Assert.Equal((0, $$"""{"id":"{{Id}}","erased":true}""" + "\n"), (run.ExitCode, run.Out));
        Assert.Equal(HttpMethod.Delete, service.Asked[0].Request.Method);
    }

    [Fact]
    public async Task List_passes_its_filters_on_and_shows_a_table()
    {
        Scripted service = Scripted.Of(HttpStatusCode.OK, $$"""{"data":[{{Job("queued")}}],"next":"{{Id}}"}""");
        CliRun run = await CliRun.OfAsync(["jobs", "list", "--state", "queued", "--limit", "1", "--url", "http://here.test"], "", service);
        Assert.Equal("http://here.test/v1/jobs?state=queued&limit=1", service.Asked[0].Request.RequestUri!.ToString());
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(Id, run.Out, StringComparison.Ordinal);
        Assert.Equal($"more: --after {Id}\n", run.Error);
    }

    [Fact]
    public async Task An_answer_that_is_no_job_is_an_error_not_a_crash()
    {
        Scripted service = new(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("<html>", Encoding.UTF8, "text/html") });
        CliRun run = await CliRun.OfAsync(["jobs", "get", Id], "", service);
        Assert.Equal(1, run.ExitCode);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }
}
