using System.Net;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>All parts in one process, through HTTP.</summary>
public sealed class EmbeddedWebhookTests
{
    [Fact]
    public async Task A_job_with_a_webhook_is_told_of_to_its_own_url_and_to_the_endpoint_signed_for_both()
    {
        await using Sink own = Sink.Status(204);
        await using Sink account = Sink.Status(200);
        await using ApiHost host = await ApiHost.StartAsync(worker: true);
        JsonElement jobs = await PostAsync(host, "/v1/webhooks/jobs/rotate", "", HttpStatusCode.OK);
        JsonElement endpoint = await PostAsync(host, "/v1/webhooks", $$"""{"url":"{{account.Url}}","events":["job.finished"]}""", HttpStatusCode.Created);
        JobView job = await host.SubmitAsync($$"""{"model":"stub","prompt":"do not tell","webhook":{"url":"{{own.Url}}","events":["job.succeeded"]} }""", ("Prefer", "wait=30"));

        Received toOwn = await own.FirstAsync(), toAccount = await account.FirstAsync();
        Assert.Equal("jobs", jobs.GetProperty("id").GetString());
        Assert.True(Accepts(jobs, toOwn));
        Assert.True(Accepts(endpoint, toAccount));
        Assert.False(Accepts(jobs, toAccount));
        string body = System.Text.Encoding.UTF8.GetString(toOwn.Body);
        Assert.Contains($"\"id\":\"{job.Id}\"", body, StringComparison.Ordinal);
        Assert.Contains("\"type\":\"job.succeeded\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain("do not tell", body, StringComparison.Ordinal);
        Assert.NotEqual(toOwn.Headers["webhook-id"], toAccount.Headers["webhook-id"]);
        Assert.DoesNotContain('.', toOwn.Headers["webhook-id"]);

        string id = endpoint.GetProperty("id").GetString()!;
        JsonElement sent = await DeliveredAsync(host, id);
        Assert.Equal(toAccount.Headers["webhook-id"], sent.GetProperty("id").GetString());
        await PostAsync(host, $"/v1/webhooks/{id}/deliveries/{sent.GetProperty("id").GetString()}/replay", "", HttpStatusCode.Accepted);
        for (int i = 0; i < 600 && account.Requests.Count < 2; i++)
        {
            await Task.Delay(50);
        }
        Received again = account.Requests.Last();
        Assert.Equal(2, account.Requests.Count);
        Assert.Equal((toAccount.Headers["webhook-id"], Convert.ToHexString(toAccount.Body)), (again.Headers["webhook-id"], Convert.ToHexString(again.Body)));
    }

    [Fact]
    public async Task A_receiver_that_hangs_holds_up_no_other()
    {
        await using Sink slow = Sink.That((_, _, token) => Task.Delay(Timeout.Infinite, token));
        await using Sink quick = Sink.Status(200);
        await using ApiHost host = await ApiHost.StartAsync(worker: true, settings: new() { ["Webhooks:PerTarget"] = "2", ["Webhooks:Timeout"] = "00:00:30" });
        await PostAsync(host, "/v1/webhooks", $$"""{"url":"{{slow.Url}}"}""", HttpStatusCode.Created);
        await PostAsync(host, "/v1/webhooks", $$"""{"url":"{{quick.Url}}"}""", HttpStatusCode.Created);
        for (int i = 0; i < 20; i++)
        {
            await host.SubmitAsync($$"""{"model":"stub","prompt":"number {{i}}","cache":{"mode":"off"} }""");
        }
        for (int i = 0; i < 400 && quick.Requests.Count < 20; i++)
        {
            await Task.Delay(50);
        }
        Assert.Equal(20, quick.Requests.Count);
        Assert.InRange(slow.Requests.Count, 1, 2);
    }

    [Fact]
    public async Task Endpoints_are_made_shown_rotated_and_removed_and_belong_to_their_tenant()
    {
        await using ApiHost host = await ApiHost.StartAsync(new() { ["Webhooks:EndpointsPerTenant"] = "1" });
        JsonElement made = await PostAsync(host, "/v1/webhooks", """{"url":"https://hooks.example.org/in","events":["job.failed"]}""", HttpStatusCode.Created);
        string path = $"/v1/webhooks/{made.GetProperty("id").GetString()}", secret = made.GetProperty("secret").GetString()!;
        Assert.Matches(@"\A/v1/webhooks/whk_[0-9a-f]{32}\z", path);
        await PostAsync(host, "/v1/webhooks", """{"url":"https://hooks.example.org/two"}""", HttpStatusCode.Conflict);
        string list = await host.Client.GetStringAsync("/v1/webhooks");
        Assert.Contains("https://hooks.example.org/in", list, StringComparison.Ordinal);
        Assert.DoesNotContain("whsec_", list + await host.Client.GetStringAsync(path), StringComparison.Ordinal);
        JsonElement rotated = await PostAsync(host, $"{path}/rotate", "", HttpStatusCode.OK);
        Assert.NotEqual(secret, rotated.GetProperty("secret").GetString());
        Assert.True(rotated.TryGetProperty("former_until", out _));
        Assert.Equal("active", (await PostAsync(host, $"{path}/enable", "", HttpStatusCode.OK)).GetProperty("state").GetString());

        using HttpClient stranger = await host.ClientAsync("rival", KeyScopes.All);
        foreach ((string method, string at) in new[] { ("GET", path), ("DELETE", path), ("POST", $"{path}/rotate"), ("POST", $"{path}/enable"), ("GET", $"{path}/deliveries"), ("POST", $"{path}/deliveries/evt_{Guid.NewGuid():N}/replay") })
        {
            using HttpResponseMessage denied = await stranger.SendAsync(new HttpRequestMessage(new HttpMethod(method), at));
            Assert.Equal((at, HttpStatusCode.NotFound), (at, denied.StatusCode));
        }
        using HttpResponseMessage deleted = await host.Client.DeleteAsync(path);
        using HttpResponseMessage gone = await host.Client.GetAsync(path);
        using HttpResponseMessage ofJobs = await host.Client.DeleteAsync("/v1/webhooks/jobs");
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound, HttpStatusCode.NotFound), (deleted.StatusCode, gone.StatusCode, ofJobs.StatusCode));
    }

    [Theory]
    [InlineData("""{"url":"http://hooks.example.org/"}""", "url", "must be https")]
    [InlineData("""{"url":"https://10.0.0.1/"}""", "url", "private")]
    [InlineData("""{"url":"https://169.254.169.254/latest"}""", "url", "not called")]
    [InlineData("""{"url":"https://hooks.example.org:6379/"}""", "url", "port 6379")]
    [InlineData("""{"events":["job.failed"]}""", "url", "required")]
    [InlineData("""{"url":"https://hooks.example.org/","events":["job.started"]}""", "events[0]", "'job.started'")]
    [InlineData("""{"url":"https://hooks.example.org/","events":[]}""", "events", "got 0")]
    [InlineData("""{"url":"https://hooks.example.org/","secret":"x"}""", "secret", "not a field of a webhook")]
    [InlineData("""{"url":7}""", "url", "a string")]
    public async Task What_may_not_be_called_is_refused_for_endpoints_and_for_jobs(string webhook, string field, string says)
    {
        await using ApiHost host = await ApiHost.StartAsync();
        JsonElement endpoint = await PostAsync(host, "/v1/webhooks", webhook, HttpStatusCode.BadRequest);
        JsonElement job = await PostAsync(host, "/v1/jobs", $$"""{"model":"stub","prompt":"x","webhook":{{webhook}} }""", HttpStatusCode.BadRequest);
        Assert.Equal(field, endpoint.GetProperty("error").GetProperty("param").GetString());
        Assert.Equal($"webhook.{field}", job.GetProperty("error").GetProperty("param").GetString());
        Assert.Contains(says, endpoint.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains(says.Replace("of a webhook", "of webhook", StringComparison.Ordinal), job.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static bool Accepts(JsonElement endpoint, Received got) => Receiver.Accepts(
        endpoint.GetProperty("secret").GetString()!, got.Headers["webhook-id"], got.Headers["webhook-timestamp"], got.Headers["webhook-signature"], got.Body, TimeProvider.System.GetUtcNow());

    private static async Task<JsonElement> DeliveredAsync(ApiHost host, string endpoint)
    {
        for (int i = 0; i < 200; i++)
        {
            using HttpResponseMessage response = await host.Client.GetAsync($"/v1/webhooks/{endpoint}/deliveries");
            JsonElement delivery = (await ApiHost.JsonAsync(response)).GetProperty("data")[0];
            if (delivery.GetProperty("state").GetString() == "delivered")
            {
                return delivery;
            }
            await Task.Delay(50);
        }
        throw new TimeoutException("The delivery was not recorded within 10 s.");
    }

    private static async Task<JsonElement> PostAsync(ApiHost host, string path, string json, HttpStatusCode status)
    {
        using HttpResponseMessage response = await host.PostAsync(path, json);
        Assert.True(status == response.StatusCode, $"{path}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return await ApiHost.JsonAsync(response);
    }
}
