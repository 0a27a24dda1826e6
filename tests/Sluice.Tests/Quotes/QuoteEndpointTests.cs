using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Quotes;
using Sluice.Tests.Api;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Quotes;

/// <summary>What a caller is told of a job's end, over HTTP, by the whole service with a stub engine.</summary>
public sealed class QuoteEndpointTests
{
    private static readonly Dictionary<string, string?> s_quick = new()
    {
        ["Worker:ReportInterval"] = "00:00:00.05",
        ["Worker:CostInterval"] = "00:00:00.1",
        ["Worker:ReconcileInterval"] = "00:00:00.1",
        ["Worker:StubDelay"] = "00:00:00.2",
        ["Worker:StubSequences"] = "1",
        ["Intake:CountEvery"] = "00:00:00.05",
    };

    [Fact]
    public async Task Until_some_jobs_have_ended_nothing_is_quoted_and_reject_is_refused_only_beside_a_deadline()
    {
        await using ApiHost host = await ApiHost.StartAsync(s_quick);
        await WorkerRig.EventuallyAsync(() => host.Parts.GetRequiredService<QuoteBook>().IsRead, "what is known is read");
        JobView job = await host.SubmitAsync("""{"model":"stub","prompt":"a","ttl":60}""");
        Assert.Equal(((DateTimeOffset?)null, (bool?)null), (job.Eta, job.WillMeetDeadline));
        await host.SubmitAsync("""{"model":"stub","prompt":"b","on_late":"reject"}""");
        using HttpResponseMessage refused = await host.PostAsync("""{"model":"stub","prompt":"c","on_late":"reject","ttl":60}""");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        JsonElement error = Assert.Single((await ApiHost.JsonAsync(refused)).GetProperty("errors").EnumerateArray().ToArray());
        Assert.Equal(("on_late", "no_estimate"), (error.GetProperty("field").GetString(), error.GetProperty("code").GetString()));
        Assert.Equal(0, (await ModelAsync(host)).GetProperty("costs").GetArrayLength());
    }

    [Fact]
    public async Task A_job_says_when_it_will_end_and_one_that_cannot_in_time_is_rejected_with_the_eta()
    {
        await using ApiHost host = await ApiHost.StartAsync(s_quick, worker: true);
        await LearnAsync(host);
        JobView job = await host.SubmitAsync("""{"model":"stub","prompt":"in time","ttl":600,"on_late":"reject"}""");
        Assert.True(job.Eta > job.CreatedAt && job.Eta < job.CreatedAt.AddSeconds(30), $"{job.Eta} after {job.CreatedAt}");
        Assert.True(job.WillMeetDeadline);
        Assert.Null((await host.SubmitAsync("""{"model":"stub","prompt":"whenever"}""")).WillMeetDeadline);

        using HttpResponseMessage rejected = await host.PostAsync("""{"model":"stub","prompt":"never in time","ttl":0.02,"on_late":"reject"}""", ("Idempotency-Key", "late"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, rejected.StatusCode);
        JsonElement body = await ApiHost.JsonAsync(rejected);
        Assert.Equal("urn:sluice:problem:deadline_cannot_be_met", body.GetProperty("type").GetString());
        Assert.True(body.GetProperty("eta").GetDateTimeOffset() > job.CreatedAt);
        Assert.Equal("ttl", body.GetProperty("error").GetProperty("param").GetString());

        JobView late = await host.SubmitAsync("""{"model":"stub","prompt":"never in time","ttl":0.02,"on_late":"run"}""", ("Idempotency-Key", "late"), ("Prefer", "wait=20"));
        Assert.Equal((JobState.Succeeded, false), (late.State, late.WillMeetDeadline));
        Assert.True(late.FinishedAt > late.Deadline);
    }

    [Fact]
    public async Task What_sets_the_deadline_of_a_job_is_named()
    {
        await using ApiHost host = await ApiHost.StartAsync(s_quick);
        JobIntake intake = host.Parts.GetRequiredService<JobIntake>();
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Assert.Equal(["deadline", "ttl"], new[] { new JobRequest { Deadline = now.AddHours(1) }, new JobRequest { Ttl = 5 } }
            .Select(request => intake.Late(intake.Make("default", request with { Model = "stub", Prompt = "x" }, SubmitOptions.None, now, out _)!).Field));
    }

    [Fact]
    public async Task More_that_waits_means_a_later_end()
    {
        await using ApiHost host = await ApiHost.StartAsync(s_quick, worker: true);
        await LearnAsync(host);
        JobView first = await host.SubmitAsync("""{"model":"stub","prompt":"first","cache":{"mode":"off"}}""");
        for (int i = 0; i < 60; i++)
        {
            await host.SubmitAsync($$$"""{"model":"stub","prompt":"behind {{{i}}}","cache":{"mode":"off"}}""");
        }
        JobView last = await host.SubmitAsync("""{"model":"stub","prompt":"last","cache":{"mode":"off"}}""");
        Assert.True(last.Eta - last.CreatedAt > first.Eta - first.CreatedAt + TimeSpan.FromSeconds(1), $"{last.Eta - last.CreatedAt} beside {first.Eta - first.CreatedAt}");
        JobView urgent = await host.SubmitAsync("""{"model":"stub","prompt":"urgent","priority":"interactive"}""");
        Assert.True(urgent.Eta < last.Eta);
    }

    [Fact]
    public async Task An_answer_from_the_cache_is_there_at_once_and_a_twin_ends_with_its_leader()
    {
        await using ApiHost host = await ApiHost.StartAsync(s_quick, worker: true);
        await LearnAsync(host);
        await host.SubmitAsync("""{"model":"stub","prompt":"again"}""", ("Prefer", "wait=20"));
        JobView hit = await host.SubmitAsync("""{"model":"stub","prompt":"again","ttl":0.02,"on_late":"reject"}""");
        Assert.Equal((JobState.Succeeded, AnswerSource.Cache, true), (hit.State, hit.Source, hit.WillMeetDeadline));
        Assert.InRange((hit.Eta!.Value - hit.CreatedAt).Duration(), TimeSpan.Zero, TimeSpan.FromSeconds(1)); // the one is the store's time, the other this node's
        await host.SubmitAsync("""{"model":"stub","prompt":"keeps it busy"}""");
        JobView leader = await host.SubmitAsync("""{"model":"stub","prompt":"twins"}""");
        JobView twin = await host.SubmitAsync("""{"model":"stub","prompt":"twins"}""");
        Assert.True(twin.Eta <= leader.Eta);
    }

    [Fact]
    public async Task How_good_quotes_and_costs_are_is_told()
    {
        await using ApiHost host = await ApiHost.StartAsync(s_quick, worker: true);
        await LearnAsync(host);
        await host.SubmitAsync("""{"model":"stub","prompt":"in time","ttl":600}""", ("Prefer", "wait=20"));
        JsonElement cost = Assert.Single((await ModelAsync(host)).GetProperty("costs").EnumerateArray().ToArray());
        Assert.StartsWith("stub x", cost.GetProperty("backend").GetString(), StringComparison.Ordinal);
        await WorkerRig.EventuallyAsync(async () =>
        {
            string text = await host.Client.GetStringAsync("/metrics");
            return text.Contains("sluice_quote_promises_total{kept=\"yes\"} 1", StringComparison.Ordinal)
                && text.Contains("sluice_quote_error_ratio_count{class=\"standard\",model=\"stub\"}", StringComparison.Ordinal);
        }, "the quote is judged");
    }

    [Fact]
    public async Task A_deadline_passes_while_the_engine_is_busy_and_the_job_stays_to_tell()
    {
        await using ApiHost host = await ApiHost.StartAsync(new(s_quick) { ["Worker:StubDelay"] = "00:00:05" }, worker: true);
        JobView busy = await host.SubmitAsync("""{"model":"stub","prompt":"long"}""");
        await WorkerRig.EventuallyAsync(async () => (await host.Store.GetAsync("default", busy.Id, default))!.State == JobState.Running, "it runs");
        JobView waits = await host.SubmitAsync("""{"model":"stub","prompt":"short","ttl":0.3}""");
        await WorkerRig.EventuallyAsync(async () => (await host.Store.GetAsync("default", waits.Id, default))!.State == JobState.Expired, "it expires", 4);
        Assert.Equal(JobState.Running, (await host.Store.GetAsync("default", busy.Id, default))!.State);
        using HttpResponseMessage told = await host.Client.GetAsync($"/v1/jobs/{waits.Id}");
        Assert.Equal((HttpStatusCode.OK, JobState.Expired), (told.StatusCode, (await ApiHost.JobAsync(told)).State));
    }

    /// <summary>Runs enough jobs for the service to know what one costs, and returns when the door has heard of it.</summary>
    internal static async Task LearnAsync(ApiHost host)
    {
        for (int i = 0; i < 10; i++)
        {
            await host.SubmitAsync($$$"""{"model":"stub","prompt":"learn {{{i}}}","cache":{"mode":"off"}}""", ("Prefer", "wait=20"));
        }
        await WorkerRig.EventuallyAsync(async () => (await ModelAsync(host)).GetProperty("costs").GetArrayLength() > 0 && (await host.SubmitAsync("""{"model":"stub","prompt":"ask","cache":{"mode":"off"}}""")).Eta is not null, "quotes are made");
        await WorkerRig.EventuallyAsync(async () => (await host.Store.StatisticsAsync(default)) is { Queued: 0, Running: 0 }, "nothing waits");
    }

    private static async Task<JsonElement> ModelAsync(ApiHost host)
    {
        using HttpResponseMessage response = await host.Client.GetAsync("/v1/models/stub");
        return await ApiHost.JsonAsync(response);
    }
}
