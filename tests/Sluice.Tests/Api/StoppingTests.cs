using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Tests.Inference;
using Sluice.Tests.Submissions;
using Xunit;

namespace Sluice.Tests.Api;

/// <summary>Who waits for what is to come does not hold up the end of the process: it is told to come again.</summary>
public sealed class StoppingTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_wait_is_answered_with_the_job_as_it_stands_when_the_process_stops()
    {
        await using ApiHost host = await ApiHost.StartAsync();
        Task<HttpResponseMessage> waiting = host.PostAsync("""{"model":"stub","prompt":"Hello"}""", ("Prefer", "wait=60"));
        await WorkerRig.EventuallyAsync(async () => (await host.Store.ListAsync("default", new(), default)).Count == 1 && host.Parts.GetRequiredService<JobWaiters>().Count == 1, "it waits");
        host.Parts.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        using HttpResponseMessage response = await waiting.WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.Accepted, JobState.Queued), (response.StatusCode, (await ApiHost.JobAsync(response)).State));
    }

    [Fact]
    public async Task A_stream_of_events_ends_in_good_order_when_the_process_stops()
    {
        await using FileHost host = await FileHost.StartAsync(worker: false);
        SubmissionView open = await FileHost.ViewAsync(await host.PostAsync(FileHost.Job("a", "one")));
        using HttpResponseMessage stream = await host.Api.Client.GetAsync($"/v1/submissions/{open.Id}/events", HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(await stream.Content.ReadAsStreamAsync());
        Assert.StartsWith("id: ", await reader.ReadLineAsync(), StringComparison.Ordinal);
        host.Api.Parts.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        string rest = await reader.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.EndsWith("\n\n", rest, StringComparison.Ordinal);
    }
}
