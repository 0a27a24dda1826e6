using System.Net;
using System.Text;
using System.Text.Json;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Store.Memory;
using Sluice.Tests.Api;
using Sluice.Tests.Inference;
using Sluice.Tests.Webhooks;
using Xunit;

namespace Sluice.Tests.Hygiene;

/// <summary>Alone, for a listener of traces hears the whole process.</summary>
[CollectionDefinition(nameof(LogHygieneTests), DisableParallelization = true)]
[Collection(nameof(LogHygieneTests))]
public sealed class LogHygieneTests
{
    private const string Prompt = "marzipan";
    private const string Password = "pistachio";
    private const string Path = "nougat";

    [Fact]
    public async Task What_callers_write_and_what_must_stay_secret_is_in_no_line_of_the_log_and_no_trace()
    {
        using Recorder recorder = new();
        await using Sink failing = Sink.Status(500);
        await using Sink well = Sink.Status(200);
        string files = Directory.CreateTempSubdirectory("sluice-hygiene-").FullName;
        List<string> secrets = [Prompt, Password, Path];
        try
        {
            Dictionary<string, string?> settings = new(Recorder.Settings)
            {
                ["Schedules:FilesRoot"] = files,
                ["Schedules:Connections:warehouse:ConnectionString"] = $"Host=127.0.0.1;Port=1;Username=x;Password={Password};Timeout=1",
                ["Worker:StubDelay"] = "00:00:00.001",
            };
            await using (ApiHost host = await ApiHost.StartAsync(settings, worker: true, log: recorder))
            {
                secrets.Add(host.Key[^32..]);
                await JobsAsync(host, failing, well, secrets);
                await RefusedAsync(host);
                await LinesAsync(host);
                await ScheduleAsync(host, files);
                await EventuallyAsync(() => failing.Connections > 0 && well.Connections > 0);
            }
        }
        finally
        {
            Directory.Delete(files, recursive: true);
        }
        Assert.True(recorder.Lines.Count > 300, $"Only {recorder.Lines.Count} lines were recorded.");
        // The recorder hears every part of it, or its silence says nothing.
        foreach (string part in new[] { "Debug ", "Sluice.Service.Inference", "Sluice.Service.Webhooks", "Microsoft.AspNetCore", "MassTransit", "trace sluice" })
        {
            Assert.Contains(recorder.Lines, line => line.Contains(part, StringComparison.OrdinalIgnoreCase));
        }
        foreach (string secret in secrets)
        {
            string[] told = [.. recorder.Lines.Where(line => line.Contains(secret, StringComparison.OrdinalIgnoreCase))];
            Assert.True(told.Length == 0, $"'{secret[..4]}…' is in {told.Length} lines, the first: {told.FirstOrDefault()}");
        }
        Console.WriteLine($"log hygiene: {recorder.Lines.Count} lines, {secrets.Count} secrets, none told");
    }

    [Theory]
    [InlineData(StubFault.Throw, JobState.Failed)]
    [InlineData(StubFault.Crash, JobState.Failed)]
    [InlineData(StubFault.Hang, JobState.Cancelled)]
    public async Task A_job_that_an_engine_fails_on_is_told_of_without_its_words(StubFault fault, JobState end)
    {
        using Recorder recorder = new();
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = Embedded.Quick };
        await using (WorkerRig rig = await WorkerRig.StartAsync(options, services => services.AddMemoryStore(), new StubOptions { Fault = _ => fault }, recorder))
        {
            JobId id = await rig.SubmitAsync(Embedded.Prompt($"the {Prompt}") with { Metadata = new Dictionary<string, string> { ["k"] = Prompt } });
            if (fault == StubFault.Hang)
            {
                await WorkerRig.EventuallyAsync(async () => (await rig.Store.GetAsync("t1", id, default))!.State == JobState.Running, "it runs");
                await rig.Store.CancelAsync("t1", id, default);
            }
            Assert.Equal(end, (await rig.EndAsync(id)).State);
            await rig.StopAsync();
        }
        Assert.True(recorder.Lines.Count > 20, $"Only {recorder.Lines.Count} lines were recorded.");
        Assert.DoesNotContain(recorder.Lines, line => line.Contains(Prompt, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The test of the test: what is logged is found.</summary>
    [Fact]
    public async Task A_secret_that_is_logged_is_heard()
    {
        using Recorder recorder = new();
        await using ApiHost host = await ApiHost.StartAsync(new(Recorder.Settings), log: recorder);
        using HttpResponseMessage response = await host.Client.GetAsync($"/v1/jobs/{Prompt}");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains(recorder.Lines, line => line.Contains(Prompt, StringComparison.Ordinal)); // a path is logged by the server itself
    }

    /// <summary>Jobs of every kind to every end: answered, from the cache, failed, expired, cancelled, erased.</summary>
    private static async Task JobsAsync(ApiHost host, Sink failing, Sink well, List<string> secrets)
    {
        foreach (string path in new[] { "/v1/webhooks/jobs/rotate", "/v1/webhooks" })
        {
            using HttpResponseMessage made = await host.PostAsync(path, path.EndsWith("rotate", StringComparison.Ordinal) ? "" : $$"""{"url":"{{failing.Url}}/{{Path}}"}""");
            Assert.True(made.IsSuccessStatusCode);
            secrets.Add((await ApiHost.JsonAsync(made)).GetProperty("secret").GetString()!["whsec_".Length..]);
        }
        string webhook = $$""" "webhook":{"url":"{{well.Url}}?token={{Path}}"} """;
        foreach (string job in new[]
        {
            $$"""{"model":"stub","prompt":"the {{Prompt}}","metadata":{"{{Prompt}}":"{{Prompt}}"},{{webhook}} }""",
            $$"""{"model":"stub","prompt":"the {{Prompt}}"}""",
            $$"""{"model":"stub","prompt":"please, the {{Prompt}}"}""",
            $$"""{"model":"stub","kind":"score","prompt":"{{Prompt}} or not","choices":["{{Prompt}}","not"],{{webhook}} }""",
            $$"""{"model":"stub","kind":"embed","prompt":"{{Prompt}}"}""",
            $$"""{"model":"stub","messages":[{"role":"system","content":"{{Prompt}}"},{"role":"user","content":"{{Prompt}}"}]}""",
            $$"""{"model":"stub","prompt":"{{Prompt}} too late","ttl":0.001}""",
            $$"""{"model":"stub","prompt":"{{Prompt}} {{new string('x', 40_000)}}"}""",
        })
        {
            using HttpResponseMessage response = await host.PostAsync(job, ("Prefer", "wait=10"), ("Idempotency-Key", $"key {job.Length}"));
            await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode < 500);
        }
        JobView queued = await host.SubmitAsync($$"""{"model":"stub","prompt":"{{Prompt}} to cancel","cache":{"mode":"off"} }""");
        using HttpResponseMessage cancelled = await host.PostAsync($"/v1/jobs/{queued.Id}/cancel", "");
        using HttpResponseMessage erased = await host.Client.DeleteAsync($"/v1/jobs/{queued.Id}");
    }

    /// <summary>Requests that are refused, with the words in whatever is wrong with them.</summary>
    private static async Task RefusedAsync(ApiHost host)
    {
        foreach (string body in new[]
        {
            $$"""{"model":"stub","prompt":"{{Prompt}}","{{Prompt}}":1}""", $$"""{"model":"{{Prompt}}","prompt":"x"}""", $$"""{"model":"stub","prompt":["{{Prompt}}"]}""", $$"""{"model":"stub","prompt":"{{Prompt}}""",
            $$"""{{Prompt}}""", $$"""{"model":"stub","prompt":"{{Prompt}}\u0000"}""", $$"""{"model":"stub","prompt":"{{Prompt}}","webhook":{"url":"http://10.0.0.1/{{Path}}"} }""",
            $$"""{"model":"stub","prompt":"{{Prompt}}","kind":"{{Prompt}}"}""", $$"""{"model":"stub","prompt":"{{new string('x', 1 << 20)}} {{Prompt}}"}""",
        })
        {
            try
            {
                using HttpResponseMessage refused = await host.PostAsync(body);
                Assert.InRange((int)refused.StatusCode, 400, 499);
            }
            catch (HttpRequestException e) when (e.InnerException is IOException && body.Length > 1 << 20)
            {
                // refused while it was still being sent: the answer may be lost with the connection
            }
        }
        using HttpRequestMessage wrong = new(HttpMethod.Get, "/v1/jobs");
        wrong.Headers.TryAddWithoutValidation("Authorization", $"Bearer sk_0123456789abcdef_{Password}");
        using HttpClient nobody = new() { BaseAddress = host.Client.BaseAddress };
        using HttpResponseMessage denied = await nobody.SendAsync(wrong);
        Assert.Equal(HttpStatusCode.Unauthorized, denied.StatusCode);
    }

    private static async Task LinesAsync(ApiHost host)
    {
        string lines = $$"""
            {"custom_id":"a","prompt":"{{Prompt}}"}
            {"custom_id":"a","prompt":"{{Prompt}} twice"}
            {"custom_id":"b","prompt":"{{Prompt}}","{{Prompt}}":true}
            {{Prompt}}
            {"custom_id":"c","method":"POST","url":"/v1/score","body":{"prompt":"{{Prompt}}","choices":["{{Prompt}}","b"]} }
            """;
        using HttpResponseMessage made = await host.Client.PostAsync("/v1/submissions?model=stub", new StringContent(lines, Encoding.UTF8, "application/jsonl"));
        string id = (await ApiHost.JsonAsync(made)).GetProperty("id").GetString()!;
        await EventuallyAsync(async () => JsonDocument.Parse(await host.Client.GetStringAsync($"/v1/submissions/{id}")).RootElement.GetProperty("state").GetString() is "finished" or "cancelled");
        Assert.Contains(Prompt, await host.Client.GetStringAsync($"/v1/submissions/{id}/results"), StringComparison.Ordinal);
    }

    private static async Task ScheduleAsync(ApiHost host, string files)
    {
        Directory.CreateDirectory(System.IO.Path.Combine(files, "default"));
        await File.WriteAllTextAsync(System.IO.Path.Combine(files, "default", "in.jsonl"), $$"""
            {"id":1,"a":"{{Prompt}}"}
            {"id":2,"b":"{{Prompt}}"}
            {{Prompt}}
            """);
        foreach ((string name, string source) in new[]
        {
            ("file", """{"type":"jsonl","path":"in.jsonl","key":"id"}"""), ("table", $$"""{"type":"sql","connection":"warehouse","query":"select id, a from t where b = '{{Prompt}}'","key":"id"}"""),
        })
        {
            using HttpResponseMessage made = await host.PostAsync("/v1/schedules", $$"""
                {"name":"{{name}}","cron":"0 30 2 * * ?","source":{{source}},"request":{"model":"stub","prompt":"{{Prompt}} {{"{{a}}"}}"} }
                """);
            using HttpResponseMessage run = await host.PostAsync($"/v1/schedules/{name}/run", "");
            if (run.IsSuccessStatusCode)
            {
                await EventuallyAsync(async () => JsonDocument.Parse(await host.Client.GetStringAsync($"/v1/schedules/{name}/runs")).RootElement.GetProperty("data")[0] is var last
                    && (name == "file" ? last.TryGetProperty("finished_at", out _) : last.GetProperty("state").GetString() != "waiting")); // the other waits for a database that never comes
            }
        }
    }

    private static Task EventuallyAsync(Func<bool> holds) => EventuallyAsync(() => Task.FromResult(holds()));

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        for (int i = 0; !await holds(); i++)
        {
            Assert.True(i < 1_000, "Not within 20 s.");
            await Task.Delay(20);
        }
    }
}
