using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Engine.Tests.Mutants;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Mutants;

/// <summary>
/// A host under mutated requests: none is answered with 5xx, none changes how the next is answered, refusals are quick and nothing of them stays. Alone: what other
/// tests keep meanwhile would count.
/// </summary>
[CollectionDefinition(nameof(HttpMutantTests), DisableParallelization = true)]
[Collection(nameof(HttpMutantTests))]
public sealed class HttpMutantTests : IAsyncLifetime
{
    private const long Room = 16 << 20; // bytes that a first use of everything may keep: pools, compiled code
    private const long PerAccepted = 64 << 10; // bytes of a job, submission, webhook or schedule in the memory store
    private const long PerReplay = 16 << 20; // bytes that refusals may keep the second time, all of a route together: nothing is expected, and pooled buffers come and go
    private const int MostReplayed = 500;

    private static readonly int s_bodies = 1_000 * MutantRun.Times, s_raw = 1_500 * MutantRun.Times;

    /// <summary>For every route that takes a body, one that it accepts.</summary>
    private static readonly Dictionary<string, (string Type, string Body)> s_accepted = new()
    {
        ["POST /v1/jobs"] = ("application/json", """
            {"model":"stub","kind":"generate","prompt":"hello","parameters":{"max_tokens":5,"temperature":0,"stop":["x","y"],"seed":7,"logit_bias":{"7":-1.5}},"priority":"bulk","ttl":60,"on_late":"run","conversation":"c",
            "metadata":{"k":"v"},"cache":{"mode":"semantic","namespace":"n","min_similarity":0.9},"webhook":{"url":"https://h.example.org/x","events":["job.failed"]} }
            """),
        ["POST /v1/submissions"] = ("application/jsonl", """{"custom_id":"a","model":"stub","prompt":"x","parameters":{"max_tokens":2}}"""),
        ["POST /v1/webhooks"] = ("application/json", """{"url":"https://h.example.org/x","events":["job.failed","job.succeeded"]}"""),
        ["POST /v1/schedules"] = ("application/json", Schedule),
        ["PUT /v1/schedules/{id}"] = ("application/json", Schedule),
    };

    private const string Schedule = """
        {"name":"nightly","cron":"0 30 2 * * ?","time_zone":"Europe/Berlin","source":{"type":"sql","connection":"warehouse","query":"select id, a from t","key":"id"},"finish_by":"06:00",
        "request":{"model":"stub","kind":"score","prompt":"{{a}}","choices":[" yes"," no"]},"sink":{"type":"jsonl","path":"out.jsonl"},"overlap":"skip","misfire":"fire_once"}
        """;

    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync(new()
    {
        ["Schedules:FilesRoot"] = Path.GetTempPath(),
        ["Schedules:Connections:warehouse:ConnectionString"] = "Host=127.0.0.1;Port=1;Username=x;Timeout=1",
        ["Schedules:Connections:warehouse:Sink"] = "true",
        ["Webhooks:EndpointsPerTenant"] = "1000",
        ["Schedules:PerTenant"] = "5",
    });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_mutated_body_is_accepted_or_refused_with_its_fault_by_every_route_that_takes_one()
    {
        string[] takers = [.. Routes().Where(route => route.Takes).Select(route => route.Name)];
        Assert.Equal(s_accepted.Keys.Order(StringComparer.Ordinal), takers.Order(StringComparer.Ordinal));
        foreach (string name in takers)
        {
            (string type, string body) = s_accepted[name];
            string[] call = name.Replace("{id}", "nightly", StringComparison.Ordinal).Split(' ');
            SortedDictionary<int, int> seen = [];
            List<int> refused = [];
            using HttpResponseMessage whole = await SendAsync(Encoding.UTF8.GetBytes(body), CancellationToken.None);
            Assert.True(whole.IsSuccessStatusCode, $"{name}: {await whole.Content.ReadAsStringAsync()}");
            Refusals refusals = new(name);
            await Parallel.ForEachAsync(Enumerable.Range(0, s_bodies), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (seed, token) =>
            {
                byte[] mutant = JsonMutator.Mutate(Encoding.UTF8.GetBytes(body), new Random(seed));
                long start = Stopwatch.GetTimestamp();
                using HttpResponseMessage response = await SendAsync(mutant, token);
                int status = (int)response.StatusCode;
                refusals.Add(status, start);
                Assert.True(status < 500, $"{name}, seed {seed}: {status} {await response.Content.ReadAsStringAsync(token)}\n{Encoding.UTF8.GetString(mutant)}");
                Assert.True(status < 400 || response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{name}, seed {seed}: {status} without a problem");
                lock (seen)
                {
                    seen[status] = seen.GetValueOrDefault(status) + 1;
                    if (status >= 400)
                    {
                        refused.Add(seed);
                    }
                }
            });
            refusals.Judge(Room + seen.Where(pair => pair.Key < 400).Sum(pair => pair.Value) * PerAccepted);
            await ReplayAsync(name, refused, seed => JsonMutator.Mutate(Encoding.UTF8.GetBytes(body), new Random(seed)), SendAsync);
            Console.WriteLine($"{name}: {string.Join(", ", seen.Select(pair => $"{pair.Key} {pair.Value} times"))}");
            Assert.True(seen.Count > 1 || name.StartsWith("POST /v1/submissions", StringComparison.Ordinal), $"{name}: every mutant got {seen.First().Key}.");

            async Task<HttpResponseMessage> SendAsync(byte[] bytes, CancellationToken token)
            {
                using HttpRequestMessage request = new(new HttpMethod(call[0]), call[1]) { Content = new ByteArrayContent(bytes) };
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
                return await _host.Client.SendAsync(request, token);
            }
        }
        await AliveAsync();
    }

    /// <summary>What was refused is refused again, and nothing of it is kept: pools are warm now, and nothing is accepted.</summary>
    private static async Task ReplayAsync(string name, List<int> refused, Func<int, byte[]> mutant, Func<byte[], CancellationToken, Task<HttpResponseMessage>> send)
    {
        refused.Sort();
        Refusals again = new($"{name}, refused ones again");
        await Parallel.ForEachAsync(refused.Take(MostReplayed), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (seed, token) =>
        {
            byte[] bytes = mutant(seed);
            long start = Stopwatch.GetTimestamp();
            using HttpResponseMessage response = await send(bytes, token);
            again.Add((int)response.StatusCode, start);
            Assert.True((int)response.StatusCode < 500, $"{name}, seed {seed} again: {response.StatusCode}");
        });
        again.Judge(PerReplay);
    }

    [Fact]
    public async Task A_mutated_request_is_answered_with_no_5xx_or_hung_up_on()
    {
        SortedDictionary<string, int> seen = [];
        await AliveAsync();
        Refusals refusals = new("raw requests");
        await Parallel.ForEachAsync(Enumerable.Range(0, s_raw), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (seed, token) =>
        {
            Random random = new(seed);
            byte[] request = Mutate(random);
            string status = await AnswerAsync(request, refusals, token);
            // 505 is what a version of HTTP that is none of ours gets.
            Assert.False(status.StartsWith('5') && status != "505", $"seed {seed}: {status}\n{Encoding.Latin1.GetString(request)}");
            lock (seen)
            {
                seen[status] = seen.GetValueOrDefault(status) + 1;
            }
        });
        refusals.Judge(Room + seen.Where(pair => pair.Key.StartsWith('2')).Sum(pair => pair.Value) * PerAccepted);
        Console.WriteLine($"raw requests: {string.Join(", ", seen.Select(pair => $"{pair.Key} {pair.Value} times"))}");
        Assert.True(seen.Count >= 4);
        await AliveAsync();
    }

    /// <summary>A request whose lines, headers and frames lie.</summary>
    private byte[] Mutate(Random random)
    {
        (string method, string path) = Routes().Select(route => (route.Name.Split(' ')[0], route.Name.Split(' ')[1])).ElementAt(random.Next(Routes().Count()));
        string body = s_accepted["POST /v1/jobs"].Body;
        string length = body.Length.ToString(CultureInfo.InvariantCulture);
        List<string> headers =
        [
            "Host: localhost", $"Authorization: Bearer {_host.Key}", "Content-Type: application/json", $"Content-Length: {length}",
        ];
        string[] lies =
        [
            "Content-Length: 0", "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 5, 6", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Expect: 100-continue",
            "Prefer: wait=-1", "Prefer: wait=99999999999", "Prefer: respond-async, wait=1;x", $"Idempotency-Key: {new string('k', 300)}", "Idempotency-Key: \u00ff\u0001", "Idempotency-Key: ", $"X-Long: {new string('x', 9000)}",
            "Content-Type: application/json; charset=utf-7", "Content-Type: text/plain", "Content-Type: ", "Content-Encoding: gzip", "Authorization: Basic eA==", "Authorization: Bearer", "Cookie: a=b", "Upgrade: h2c",
            "traceparent: 00-00000000000000000000000000000000-0000000000000000-00", "traceparent: zz", "Range: bytes=0-1", "Host: ", "Host: a\r\nHost: b", ": empty", "No colon", " folded", "X-Nul: a\0b",
        ];
        for (int changes = random.Next(0, 3); changes > 0; changes--)
        {
            string lie = lies[random.Next(lies.Length)];
            headers.RemoveAll(header => header.Split(':')[0] == lie.Split(':')[0]);
            headers.Insert(random.Next(headers.Count + 1), lie);
        }
        string[] ids = ["job_00000000000000000000000000000000", "..", "%2e%2e", "%00", "a%0d%0ab", new string('9', 3000), "jobs", "nightly", "é", "%ff", "job_", "{id}"];
        path = System.Text.RegularExpressions.Regex.Replace(path, @"\{[^}]*\}", _ => ids[random.Next(ids.Length)]);
        path += random.Next(4) == 0 ? new[] { "?limit=-1", "?limit=99999999999", "?after=x", "?a=%", "?state=queued&state=x", "?model=stub&priority=%00", "?" + new string('q', 5000), "#x" }[random.Next(8)] : "";
        string[] methods = [method, method, method, "GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "M\u00e9"];
        byte[] head = Encoding.Latin1.GetBytes($"{methods[random.Next(methods.Length)]} {path} HTTP/1.1\r\n{string.Join("\r\n", headers)}\r\n\r\n");
        byte[] sent = random.Next(3) == 0 ? JsonMutator.Mutate(Encoding.UTF8.GetBytes(body), random) : Encoding.UTF8.GetBytes(body);
        byte[] request = [.. head, .. sent];
        return random.Next(3) == 0 ? JsonMutator.Damage(request, random) : request;
    }

    /// <summary>The first answer's status, or that there was none. Where none comes at once, the sender says that it has no more to send, so nothing waits for it.</summary>
    private async Task<string> AnswerAsync(byte[] request, Refusals refusals, CancellationToken token)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, _host.Client.BaseAddress!.Port, token);
        NetworkStream stream = client.GetStream();
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(token);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        try
        {
            await stream.WriteAsync(request, limit.Token);
            long sent = Stopwatch.GetTimestamp();
            byte[] answer = new byte[16];
            Task<int> reading = stream.ReadAtLeastAsync(answer, 12, throwOnEndOfStream: false, limit.Token).AsTask();
            if (await Task.WhenAny(reading, Task.Delay(300, token)) != reading)
            {
                sent = Stopwatch.GetTimestamp();
                client.Client.Shutdown(SocketShutdown.Send);
            }
            string status = await reading >= 12 ? Encoding.ASCII.GetString(answer, 9, 3) : "none";
            refusals.Add(int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out int code) ? code : 0, sent);
            return status;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return "reset";
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            return "5 no answer within 20 s";
        }
    }

    private IEnumerable<(string Name, bool Takes)> Routes() => _host.Parts.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(route => !route.RoutePattern.RawText!.EndsWith("/events", StringComparison.Ordinal))
        .Select(route => (
            $"{route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0]} /{route.RoutePattern.RawText!.Trim('/')}",
            route.Metadata.GetMetadata<Microsoft.AspNetCore.Http.Metadata.IAcceptsMetadata>() is not null));

    private async Task AliveAsync()
    {
        using HttpResponseMessage alive = await _host.PostAsync("""{"model":"stub","prompt":"still there?"}""");
        Assert.Equal(HttpStatusCode.Accepted, alive.StatusCode);
    }
}
