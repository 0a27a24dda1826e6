using System.Net;
using System.Text;
using System.Text.Json;
using Sluice.Store;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>/v1/schedules on a host without a scheduler: what is stored, refused and shown.</summary>
public sealed class ScheduleEndpointTests : IAsyncLifetime
{
    private const string Good = """
        {"name":"nightly","cron":"0 30 2 * * ?","time_zone":"Europe/Berlin","source":{"type":"jsonl","path":"in.jsonl","key":"id"},
        "request":{"model":"stub","kind":"score","prompt":"Is {{subject}} urgent?","choices":[" yes"," no"]},"finish_by":"06:00"}
        """;

    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync(new()
    {
        ["Schedules:FilesRoot"] = Path.GetTempPath(),
        ["Schedules:PerTenant"] = "2",
        ["Schedules:Connections:warehouse:ConnectionString"] = "Host=127.0.0.1;Port=1;Username=x",
        ["Schedules:Connections:warehouse:Sink"] = "true",
        ["Schedules:Connections:readonly:ConnectionString"] = "Host=127.0.0.1;Port=1;Username=x",
        ["Schedules:Connections:theirs:ConnectionString"] = "Host=127.0.0.1;Port=1;Username=x",
        ["Schedules:Connections:theirs:Tenants:0"] = "rival",
    });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_schedule_is_made_shown_by_id_and_by_name_and_says_when_it_fires_next()
    {
        using HttpResponseMessage made = await _host.PostAsync("/v1/schedules", Good);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        JsonElement schedule = await ApiHost.JsonAsync(made);
        string id = schedule.GetProperty("id").GetString()!;
        Assert.Equal($"/v1/schedules/{id}", made.Headers.Location!.ToString());
        Assert.Equal(5, schedule.GetProperty("next_fire_times").GetArrayLength());
        Assert.Equal("06:00:00 skip fire_once results", string.Join(' ', schedule.GetProperty("finish_by"), schedule.GetProperty("overlap"), schedule.GetProperty("misfire"), schedule.GetProperty("sink").GetProperty("type")));
        Assert.Equal("Is {{subject}} urgent?", schedule.GetProperty("request").GetProperty("prompt").GetString());
        foreach (string name in new[] { id, "nightly" })
        {
            JsonElement shown = await GetAsync($"/v1/schedules/{name}");
            Assert.Equal((id, 0), (shown.GetProperty("id").GetString(), shown.GetProperty("runs").GetArrayLength()));
        }
        Assert.Equal(1, (await GetAsync("/v1/schedules")).GetProperty("data").GetArrayLength());
    }

    [Theory]
    [InlineData("name", "\"a b\"", "name")]
    [InlineData("name", null, "name")]
    [InlineData("cron", "\"every day\"", "cron")]
    [InlineData("cron", "\"0 0 0 1 1 ? 2001\"", "cron")]
    [InlineData("time_zone", "\"Mars/Olympus\"", "time_zone")]
    [InlineData("source", null, "source")]
    [InlineData("source", """{"type":"ftp"}""", "source.type")]
    [InlineData("source", """{"type":"jsonl","path":"../rival/x.jsonl"}""", "source.path")]
    [InlineData("source", """{"type":"jsonl","path":"/etc/passwd"}""", "source.path")]
    [InlineData("source", """{"type":"jsonl","path":"a.jsonl","query":"select 1"}""", "source.query")]
    [InlineData("source", """{"type":"sql","connection":"warehouse","query":"select 1 as id","key":"id\"; drop table jobs; --"}""", "source.key")]
    [InlineData("source", """{"type":"sql","connection":"Host=evil","query":"select 1 as id","key":"id"}""", "source.connection")]
    [InlineData("source", """{"type":"sql","connection":"theirs","query":"select 1 as id","key":"id"}""", "source.connection")]
    [InlineData("source", """{"type":"sql","connection":"warehouse","key":"id"}""", "source.query")]
    [InlineData("sink", """{"type":"table","connection":"readonly","table":"labels","key_column":"id","columns":{"label":"choice"}}""", "sink.connection")]
    [InlineData("sink", """{"type":"table","connection":"warehouse","table":"a; drop table jobs","key_column":"id","columns":{"label":"choice"}}""", "sink.table")]
    [InlineData("sink", """{"type":"table","connection":"warehouse","table":"labels","key_column":"id","columns":{"x\" = 1; --":"choice"}}""", "sink.columns.x\" = 1; --")]
    [InlineData("sink", """{"type":"table","connection":"warehouse","table":"labels","key_column":"id","columns":{"label":"password"}}""", "sink.columns.label")]
    [InlineData("sink", """{"type":"table","connection":"warehouse","table":"labels","key_column":"id","mode":"append","columns":{"label":"choice"}}""", "sink.columns")]
    [InlineData("sink", """{"type":"jsonl","path":"in.jsonl"}""", "sink.path")]
    [InlineData("request", null, "request")]
    [InlineData("request", """{"model":"stub","prompt":"{{open"}""", "request.prompt")]
    [InlineData("request", """{"model":"nobody","prompt":"x"}""", "request.model")]
    [InlineData("request", """{"model":"stub","prompt":"x","ttl":5}""", "request.ttl")]
    [InlineData("request", """{"model":"stub","prompt":"x","surprise":5}""", "request.surprise")]
    [InlineData("finish_by", "\"25:00\"", "finish_by")]
    [InlineData("finish_within", "3600", "finish_within")]
    [InlineData("overlap", "\"stack\"", "overlap")]
    [InlineData("misfire", "\"twice\"", "misfire")]
    [InlineData("surprise", "1", "surprise")]
    public async Task A_fault_is_refused_by_the_name_of_its_field_and_nothing_is_stored(string member, string? value, string field)
    {
        using HttpResponseMessage response = await _host.PostAsync("/v1/schedules", With(member, value));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        JsonElement problem = await ApiHost.JsonAsync(response);
        Assert.Contains(field, problem.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("field").GetString()));
        Assert.Equal(0, (await GetAsync("/v1/schedules")).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task Names_are_taken_once_and_a_tenant_has_so_many()
    {
        await MakeAsync("a");
        await ConflictAsync("name_taken", With("name", "\"a\""));
        await MakeAsync("b");
        await ConflictAsync("too_many_schedules", With("name", "\"c\""));
    }

    [Fact]
    public async Task Run_now_pause_resume_and_delete_do_what_they_say()
    {
        await MakeAsync("a");
        JsonElement run = await PostAsync("a/run", HttpStatusCode.Accepted);
        Assert.Equal((true, "staging"), (run.GetProperty("manual").GetBoolean(), run.GetProperty("state").GetString()));
        Assert.True(run.GetProperty("deadline").GetDateTimeOffset() > run.GetProperty("fire_time").GetDateTimeOffset());
        JsonElement second = await PostAsync("a/run", HttpStatusCode.Accepted);
        Assert.Equal(("skipped", "overlap"), (second.GetProperty("state").GetString(), second.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal(2, (await GetAsync("/v1/schedules/a/runs")).GetProperty("data").GetArrayLength());
        JsonElement paused = await PostAsync("a/pause", HttpStatusCode.OK);
        Assert.Equal((true, 0), (paused.GetProperty("paused").GetBoolean(), paused.GetProperty("next_fire_times").GetArrayLength()));
        Assert.False((await PostAsync("a/resume", HttpStatusCode.OK)).GetProperty("paused").GetBoolean());
        Assert.Equal(HttpStatusCode.NoContent, (await _host.Client.DeleteAsync("/v1/schedules/a")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _host.Client.GetAsync("/v1/schedules/a")).StatusCode);
    }

    [Fact]
    public async Task A_schedule_is_replaced_whole_where_nobody_was_faster()
    {
        await MakeAsync("a");
        using HttpResponseMessage replaced = await PutAsync("a", With("name", "\"renamed\""));
        JsonElement now = await ApiHost.JsonAsync(replaced);
        Assert.Equal((HttpStatusCode.OK, "renamed", 2), (replaced.StatusCode, now.GetProperty("name").GetString(), now.GetProperty("version").GetInt32()));
        using HttpResponseMessage late = await PutAsync("renamed", With("version", "1"));
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
    }

    [Fact]
    public async Task Another_tenants_schedule_does_not_exist_and_writing_takes_an_admin()
    {
        await MakeAsync("a");
        using HttpClient rival = await _host.ClientAsync("rival", KeyScopes.All);
        Assert.Equal(HttpStatusCode.NotFound, (await rival.GetAsync("/v1/schedules/a")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await rival.PostAsync("/v1/schedules/a/run", null)).StatusCode);
        using HttpClient submitter = await _host.ClientAsync("default", KeyScopes.Submit | KeyScopes.Read);
        Assert.Equal(HttpStatusCode.OK, (await submitter.GetAsync("/v1/schedules/a")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await submitter.PostAsync("/v1/schedules/a/run", null)).StatusCode);
    }

    private static string With(string member, string? value)
    {
        Dictionary<string, JsonElement> members = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(Good)!;
        if (value is null)
        {
            members.Remove(member);
        }
        else
        {
            members[member] = JsonDocument.Parse(value).RootElement;
        }
        return JsonSerializer.Serialize(members);
    }

    private async Task MakeAsync(string name)
    {
        using HttpResponseMessage made = await _host.PostAsync("/v1/schedules", With("name", $"\"{name}\""));
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
    }

    private async Task ConflictAsync(string code, string body)
    {
        using HttpResponseMessage response = await _host.PostAsync("/v1/schedules", body);
        Assert.Equal((HttpStatusCode.Conflict, code), (response.StatusCode, (await ApiHost.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString()));
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using HttpResponseMessage response = await _host.Client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await ApiHost.JsonAsync(response);
    }

    private async Task<JsonElement> PostAsync(string path, HttpStatusCode expected)
    {
        using HttpResponseMessage response = await _host.Client.PostAsync($"/v1/schedules/{path}", null);
        Assert.Equal(expected, response.StatusCode);
        return await ApiHost.JsonAsync(response);
    }

    private async Task<HttpResponseMessage> PutAsync(string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        return await _host.Client.PutAsync($"/v1/schedules/{path}", content);
    }
}
