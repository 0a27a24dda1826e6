using System.Net;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Api;

/// <summary>All parts in one process, as <c>sluice serve --embedded</c> has them.</summary>
public sealed class EmbeddedServiceTests
{
    [Fact]
    public async Task A_job_is_submitted_queued_run_and_answered_within_the_wait()
    {
        await using ApiHost host = await ApiHost.StartAsync(worker: true);
        const string Job = """{"model":"stub","prompt":"Hello"}""";
        using HttpResponseMessage first = await host.PostAsync(Job, ("Prefer", "wait=30"));
        using HttpResponseMessage again = await host.PostAsync(Job);
        JobView run = await ApiHost.JobAsync(first), repeat = await ApiHost.JobAsync(again);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        Assert.Equal((JobState.Succeeded, AnswerSource.Engine), (run.State, run.Source));
        Assert.Equal((JobState.Succeeded, AnswerSource.Cache), (repeat.State, repeat.Source));
        Assert.Equal(run.Outputs![0].Text, repeat.Outputs![0].Text);
        Assert.NotEqual(run.Id, repeat.Id);
    }

    [Fact]
    public async Task A_real_model_answers_all_three_kinds()
    {
        string folder = SharedFiles.FindOrSkip("models/stories260k");
        await using ApiHost host = await ApiHost.StartAsync(models: [folder], worker: true, stub: false);
        (string, string)[] wait = [("Prefer", "wait=60")];
        JobView text = await host.SubmitAsync("""{"model":"stories260k","prompt":"Once upon a time","parameters":{"max_tokens":8} }""", wait);
        JobView score = await host.SubmitAsync("""{"model":"stories260k","kind":"score","prompt":"Once upon a","choices":[" time"," banana"]}""", wait);
        JobView vector = await host.SubmitAsync("""{"model":"stories260k","kind":"embed","prompt":"Once upon a time"}""", wait);

        Assert.Equal(8, text.Usage!.GeneratedTokens);
        Assert.NotEmpty(text.Outputs![0].Text!);
        Assert.True(score.Outputs![0].Probability > score.Outputs[1].Probability);
        Assert.Equal(1.0, vector.Outputs![0].Embedding!.Sum(x => (double)x * x), tolerance: 1e-3);
    }
}
