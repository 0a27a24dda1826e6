using System.Collections.Concurrent;
using System.Diagnostics;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
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
}
