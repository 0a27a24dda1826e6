using System.Net;
using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Jobs;
using Sluice.Jobs.Messages;
using Sluice.Service;
using Sluice.Service.Queue;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Api;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Quotes;

/// <summary>A node that has just started and has not read what is known of costs: what it does not know yet is no fault of a job.</summary>
public sealed class FreshNodeTests
{
    private const string Rejects = """{"model":"stub","prompt":"a","on_late":"reject","ttl":60}""";

    private static readonly Dictionary<string, string?> s_quick = new()
    {
        ["Intake:CountEvery"] = "00:00:00.05",
        ["Submissions:TendEvery"] = "00:00:00.02",
        ["Submissions:LookEvery"] = "00:00:00.02",
    };

    private static void Hold(IServiceCollection parts) => parts.AddSingleton<ICostStore>(given => new HeldNews(new MemoryCostStore(given.GetRequiredService<MemoryJobStore>())));

    [Fact]
    public async Task Over_http_a_job_that_wants_an_estimate_is_to_be_sent_again_in_a_second()
    {
        await using ApiHost host = await ApiHost.StartAsync(s_quick, parts: Hold);
        using HttpResponseMessage early = await host.PostAsync(Rejects, ("Idempotency-Key", "k"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)), (early.StatusCode, early.Headers.RetryAfter?.Delta));
        Assert.Equal("no_estimates_yet", (await ApiHost.JsonAsync(early)).GetProperty("error").GetProperty("code").GetString());
        using HttpResponseMessage faulty = await host.PostAsync("""{"model":"stub","prompt":"","on_late":"reject","ttl":60}""");
        Assert.Equal("prompt", Assert.Single((await ApiHost.JsonAsync(faulty)).GetProperty("errors").EnumerateArray().ToArray()).GetProperty("field").GetString());
        Assert.Equal(0, (await host.Store.StatisticsAsync(default)).Queued);
        await host.SubmitAsync("""{"model":"stub","prompt":"a","on_late":"expire","ttl":60}""");

        ((HeldNews)host.Parts.GetRequiredService<ICostStore>()).Release();
        JsonElement later = default;
        await WorkerRig.EventuallyAsync(async () =>
        {
            using HttpResponseMessage again = await host.PostAsync(Rejects, ("Idempotency-Key", "k"));
            later = await ApiHost.JsonAsync(again);
            return again.StatusCode != HttpStatusCode.ServiceUnavailable;
        }, "what is known has been read");
        Assert.Equal("no_estimate", later.GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(0, 2)]
    public async Task A_fault_in_reading_or_counting_is_tried_again_and_ends_nothing(int reading, int counting)
    {
        await using ApiHost host = await ApiHost.StartAsync(s_quick, parts: parts =>
        {
            Hold(parts);
            parts.AddSingleton(given => StumblingCounts.Around(given.GetRequiredService<MemoryJobStore>(), counting));
        });
        HeldNews news = (HeldNews)host.Parts.GetRequiredService<ICostStore>();
        news.Faults = reading;
        news.Release();
        await WorkerRig.EventuallyAsync(() => host.Parts.GetRequiredService<Service.Quotes.QuoteBook>().IsRead, "what is known has been read");
        await host.SubmitAsync("""{"model":"stub","prompt":"a"}""");
    }

    [Fact]
    public async Task A_staged_line_is_fed_whether_an_estimate_is_known_or_not()
    {
        await using ApiHost host = await ApiHost.StartAsync(s_quick, parts: Hold);
        await FeedAsync("early");
        ((HeldNews)host.Parts.GetRequiredService<ICostStore>()).Release();
        await WorkerRig.EventuallyAsync(() => host.Parts.GetRequiredService<Service.Quotes.QuoteBook>().IsRead, "what is known has been read");
        await FeedAsync("later");

        async Task FeedAsync(string prompt)
        {
            using StringContent lines = new($$"""{"custom_id":"a","prompt":"{{prompt}}","ttl":600,"on_late":"reject"}""", System.Text.Encoding.UTF8, "application/jsonl");
            using HttpResponseMessage sent = await host.Client.PostAsync("/v1/submissions?model=stub", lines);
            string id = (await ApiHost.JsonAsync(sent)).GetProperty("id").GetString()!;
            JsonElement counts = default;
            await WorkerRig.EventuallyAsync(async () =>
            {
                using HttpResponseMessage told = await host.Client.GetAsync($"/v1/submissions/{id}");
                counts = (await ApiHost.JsonAsync(told)).GetProperty("counts");
                return counts.GetProperty("fed").GetInt32() + counts.GetProperty("invalid").GetInt32() > 0;
            }, "the line is fed");
            Assert.Equal((1, 0), (counts.GetProperty("fed").GetInt32(), counts.GetProperty("invalid").GetInt32()));
        }
    }

    [Fact]
    public async Task Over_the_bus_a_job_that_wants_an_estimate_waits_for_it()
    {
        Dictionary<string, string?> settings = new(Embedded.Quick) { ["Intake:CountEvery"] = "00:00:00.05" };
        await using WorkerRig rig = await WorkerRig.StartAsync(new SluiceHostOptions { Embedded = true, Engine = EngineKind.Stub, Settings = settings }, services =>
        {
            Hold(services);
            services.AddMemoryStore();
        });
        ISendEndpoint door = await rig.Get<IBus>().GetSendEndpoint(new Uri($"queue:{rig.Get<QueueNames>().Submit}"));
        JobRequest wants = new() { Model = "stub", Prompt = "wants", OnLate = OnLate.Reject, Ttl = 60 };
        await door.Send(new SubmitMessage(new SubmitJob { IdempotencyKey = "wants", Job = wants }, []));
        await door.Send(new SubmitMessage(new SubmitJob { IdempotencyKey = "plain", Job = wants with { Prompt = "plain", OnLate = OnLate.Run } }, []));
        await WorkerRig.EventuallyAsync(async () => (await rig.Store.ListAsync("default", new JobQuery(), default)).Count == 1, "the other is stored");
        Assert.DoesNotContain(rig.Log, line => line.Contains("was rejected", StringComparison.Ordinal));
        ((HeldNews)rig.Get<ICostStore>()).Release();
        await WorkerRig.EventuallyAsync(() => rig.Log.Any(line => line.Contains("was rejected: on_late no_estimate", StringComparison.Ordinal)), "it is judged by what is known");
    }
}
