using System.Net;
using Xunit;

namespace Sluice.Tests.Cli;

public sealed class ScheduleCommandTests
{
    private const string Schedule = """
        {"id":"sch_0198c0de000070008000000000000001","object":"schedule","name":"nightly","cron":"0 30 2 * * ?","time_zone":"Europe/Berlin",
        "source":{"type":"sql","connection":"warehouse","query":"select 1","key":"id"},"request":{"model":"m","kind":"score","prompt":"{{a}}"},
        "sink":{"type":"table","connection":"warehouse","table":"labels"},"overlap":"skip","misfire":"fire_once","paused":false,"version":1,"a_newer_member":1,
        "next_fire_times":["2026-03-29T01:30:00.000Z"],"created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z",
        "runs":[{"fire_time":"2026-03-28T01:30:00.000Z","manual":false,"state":"finished","submission":"sub_1","on_time":true,"rows":5,"delivered":5,"created_at":"2026-03-28T01:30:00.000Z"}]}
        """;

    [Fact]
    public async Task List_and_show_print_tables_with_the_next_times_and_the_runs()
    {
        CliRun list = await CliRun.OfAsync(["schedules", "list"], "", Scripted.Of(HttpStatusCode.OK, $$"""{"data":[{{Schedule}}]}"""));
        Assert.Equal(0, list.ExitCode);
        Assert.Contains("query on warehouse", list.Out, StringComparison.Ordinal);
        Assert.Contains("2026-03-29T01:30:00Z", list.Out, StringComparison.Ordinal);
        CliRun show = await CliRun.OfAsync(["schedules", "show", "nightly"], "", Scripted.Of(HttpStatusCode.OK, Schedule));
        Assert.Equal(0, show.ExitCode);
        Assert.Contains("finished", show.Out, StringComparison.Ordinal);
        Assert.Contains("sub_1", show.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"outlook\":\"on_track\",\"eta\":\"2026-03-28T03:00:00.000Z\"", "on track")]
    [InlineData("\"outlook\":\"late\",\"late_by\":754.5", "late by 12.6 min")]
    [InlineData("\"on_time\":false,\"late_by\":5", "late by 5 s")]
    [InlineData("\"on_time\":false", "late")]
    public async Task Show_says_whether_a_run_is_on_track(string members, string said)
    {
        string schedule = Schedule.Replace("\"on_time\":true", members, StringComparison.Ordinal);
        CliRun show = await CliRun.OfAsync(["schedules", "show", "nightly"], "", Scripted.Of(HttpStatusCode.OK, schedule));
        Assert.Contains(said, show.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_sends_what_it_reads_and_prints_the_id_or_the_object()
    {
        Scripted service = Scripted.Of(HttpStatusCode.Created, Schedule);
        CliRun run = await CliRun.OfAsync(["schedules", "create", "-"], """{"name":"nightly"}""", service, ("SLUICE_KEY", "sk_test"));
        Assert.Equal((0, "sch_0198c0de000070008000000000000001\n"), (run.ExitCode, run.Out));
        (HttpRequestMessage request, string body) = Assert.Single(service.Asked);
        Assert.Equal(("POST http://127.0.0.1:8080/v1/schedules", """{"name":"nightly"}"""), ($"{request.Method} {request.RequestUri}", body));
        run = await CliRun.OfAsync(["schedules", "create", "-", "--json"], "{}", Scripted.Of(HttpStatusCode.Created, Schedule));
        Assert.Equal(Schedule.Trim() + "\n", run.Out);
    }

    [Theory]
    [InlineData("run", "POST", "/run", """{"fire_time":"2026-03-28T01:30:00.000Z","manual":true,"state":"staging","rows":0,"delivered":0,"created_at":"2026-03-28T01:30:00.000Z"}""", "staging\n")]
    [InlineData("pause", "POST", "/pause", null, "nightly fires next at 2026-03-29T01:30:00Z\n")]
    [InlineData("resume", "POST", "/resume", null, "nightly fires next at 2026-03-29T01:30:00Z\n")]
    [InlineData("delete", "DELETE", "", null, "nightly deleted\n")]
    public async Task The_others_call_their_route_and_say_what_became_of_it(string command, string method, string path, string? answer, string said)
    {
        Scripted service = Scripted.Of(HttpStatusCode.OK, answer ?? Schedule);
        CliRun run = await CliRun.OfAsync(["schedules", command, "nightly"], "", service);
        Assert.Equal((0, said), (run.ExitCode, run.Out));
        Assert.Equal($"{method} http://127.0.0.1:8080/v1/schedules/nightly{path}", $"{service.Asked[0].Request.Method} {service.Asked[0].Request.RequestUri}");
    }

    [Fact]
    public async Task A_name_that_can_be_none_is_wrong_usage() =>
        Assert.Equal(2, (await CliRun.OfAsync(["schedules", "show", "../keys"], "", Scripted.Of(HttpStatusCode.OK, Schedule))).ExitCode);
}
