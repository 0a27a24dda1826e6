using System.Collections.Concurrent;
using System.Diagnostics;
using Sluice.Jobs;
using Sluice.Service.Telemetry;
using Sluice.Store;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Telemetry;

public sealed class TraceTests
{
    [Fact]
    public async Task A_job_that_a_worker_reserves_carries_the_trace_of_the_request_that_brought_it()
    {
        ConcurrentQueue<Activity> spans = new();
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == SluiceActivity.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using ApiHost host = await ApiHost.StartAsync();
        string trace = ActivityTraceId.CreateRandom().ToHexString();
        JobView job = await host.SubmitAsync("""{"model":"stub","prompt":"Hello"}""", ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));

        WorkerRegistration worker = new(Guid.NewGuid(), "trace", ["stub"]);
        await host.Store.RegisterWorkerAsync(worker, CancellationToken.None);
        ReservedJob reserved = Assert.Single(await host.Store.ReserveAsync(worker.Id, [job.Id], CancellationToken.None));

        Activity submit = Assert.Single(spans, span => span.OperationName == "submit job" && span.TraceId.ToHexString() == trace);
        Assert.Equal(submit.Id, reserved.TraceParent);
        Assert.Equal(job.Id.ToString(), submit.GetTagItem("sluice.job.id"));
    }

    [Fact]
    public void A_span_is_the_child_of_a_stored_traceparent_and_a_root_where_that_is_broken()
    {
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == SluiceActivity.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);

        using (Activity? child = SluiceActivity.Start("test", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        {
            Assert.Equal("4bf92f3577b34da6a3ce929d0e0e4736", child!.TraceId.ToHexString());
        }
        using Activity? root = SluiceActivity.Start("test", "nonsense");
        Assert.NotEqual("4bf92f3577b34da6a3ce929d0e0e4736", root!.TraceId.ToHexString());
    }

    [Fact]
    public void A_span_of_many_jobs_links_to_each_of_them()
    {
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == SluiceActivity.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        using Activity? batch = SluiceActivity.StartLinked("batch", ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", null, "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]);
        Assert.Equal(2, batch!.Links.Count());
    }
}
