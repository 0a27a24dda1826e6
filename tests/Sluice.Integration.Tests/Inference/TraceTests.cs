using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Inference;

[Collection(PostgresTests.Name)]
public sealed class TraceTests(PostgresDatabase database) : RealRigs(database)
{
    [Fact]
    public async Task One_trace_id_leads_from_the_submit_through_ticket_and_batch_to_the_terminal_transaction()
    {
        ConcurrentQueue<Activity> spans = new();
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "Sluice",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        WorkerRig rig = await StartAsync("w1");
        using Activity request = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();
        JobId id = await rig.SubmitAsync(Prompt("traced"));
        request.Stop();
        await rig.EndAsync(id);
        ActivityTraceId trace = request.TraceId;
        await WorkerRig.EventuallyAsync(() => spans.Any(span => span.OperationName == "job finish" && span.TraceId == trace), "the terminal transaction has its span");
        await WorkerRig.EventuallyAsync(() => spans.Any(span => span.OperationName == "batch"), "the batch has its span");
        string[] own = [.. spans.Where(span => span.TraceId == trace).Select(span => span.OperationName)];
        Assert.Contains("submit job", own);
        Assert.Contains("ticket publish", own);
        Assert.Contains("ticket reserve", own);
        Activity batch = Assert.Single(spans, span => span.OperationName == "batch" && span.Links.Any(link => link.Context.TraceId == trace));
        Activity finish = Assert.Single(spans, span => span.OperationName == "job finish" && span.TraceId == trace);
        Assert.Equal(batch.Context, Assert.Single(finish.Links).Context);
    }

    [Fact]
    public async Task The_trace_of_an_http_request_is_followed_span_by_span_to_the_terminal_transaction()
    {
        ConcurrentQueue<Activity> spans = new();
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name is "Sluice" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        (string key, _) = ApiKeyText.Create("t1", KeyScopes.All, null, TimeProvider.System.GetUtcNow());
        SluiceHostOptions options = new()
        {
            Engine = EngineKind.Stub,
            Urls = "http://127.0.0.1:0",
            Settings = Settings("w1", ("Access:BootstrapKey", key), ("Logging:LogLevel:Default", "None"), ("Logging:LogLevel:Microsoft", "None")),
        };
        await using WebApplication app = SluiceHost.Build(options);
        await app.StartAsync(TestContext.Current.CancellationToken);
        ActivityTraceId trace = ActivityTraceId.CreateRandom();
        ActivitySpanId caller = ActivitySpanId.CreateRandom();
        using HttpClient client = new() { BaseAddress = new Uri(app.Urls.First()) };
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/jobs")
        {
            Content = new StringContent("""{"model":"stub","prompt":"traced over HTTP","cache":{"mode":"off"}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        request.Headers.TryAddWithoutValidation("Prefer", "wait=30");
        request.Headers.TryAddWithoutValidation("traceparent", $"00-{trace}-{caller}-01");
        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        string answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("\"succeeded\"", answer, StringComparison.Ordinal);
        Activity Span(string name) => Assert.Single(spans, span => span.TraceId == trace && span.OperationName == name);
        bool Has(string name) => spans.Any(span => span.TraceId == trace && span.OperationName == name);
        await WorkerRig.EventuallyAsync(() => Has("job finish") && Has("ticket reserve") && Has("Microsoft.AspNetCore.Hosting.HttpRequestIn"), "all spans have ended");
        await WorkerRig.EventuallyAsync(() => spans.Any(span => span.OperationName == "batch"), "the batch has ended");
        await app.StopAsync(CancellationToken.None);

        Activity http = Span("Microsoft.AspNetCore.Hosting.HttpRequestIn");
        Assert.Equal(caller, http.ParentSpanId);
        Activity submit = Span("submit job");
        Assert.Equal(http.SpanId, submit.ParentSpanId);
        Activity publish = Span("ticket publish");
        Assert.Equal(submit.SpanId, publish.ParentSpanId);
        Assert.Equal(publish.SpanId, Span("ticket reserve").ParentSpanId);
        Activity finish = Span("job finish");
        Assert.Equal(submit.SpanId, finish.ParentSpanId);
        Activity batch = Assert.Single(spans, span => span.OperationName == "batch" && span.Links.Any(link => link.Context.TraceId == trace));
        Assert.Equal(batch.Context, Assert.Single(finish.Links).Context);
        Assert.Equal("succeeded", finish.GetTagItem("sluice.job.state"));
        Assert.Contains((string)finish.GetTagItem("sluice.job.id")!, answer, StringComparison.Ordinal);
    }
}
