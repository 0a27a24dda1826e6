using System.Text.Json;
using Npgsql;
using Sluice.Cli.Demo;
using Sluice.Integration.Tests.Queue;
using Sluice.Integration.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Demo;

/// <summary>The demo as a newcomer runs it, in both shapes.</summary>
[Collection(PostgresTests.Name)]
public sealed class DemoProcessTests
{
    [Fact]
    public async Task Embedded_it_needs_nothing_and_keeps_its_promises()
    {
        (int code, string output, string error) = await SluiceProcess.RunAsync(["demo", "--json"]);
        Assert.True(code == 0, error);
        KeepsItsPromises(SluiceProcess.Json(output));
    }

    [Fact]
    public async Task On_the_real_services_it_asks_for_the_schema_and_then_keeps_its_promises()
    {
        (string? service, string? admin) = (Environment.GetEnvironmentVariable("SLUICE__STORE__CONNECTIONSTRING"), Environment.GetEnvironmentVariable("SLUICE__STORE__ADMINCONNECTIONSTRING"));
        Assert.SkipWhen(service is null || admin is null, PostgresDatabase.Missing);
        Assert.SkipWhen(!Broker.IsConfigured, Broker.Missing);
        string database = $"sluice_demo_{Guid.NewGuid():N}";
        await using Broker broker = new() { Model = DemoService.Model };
        (string, string)[] environment =
        [
            ("SLUICE__STORE__CONNECTIONSTRING", In(service!, database)), ("SLUICE__STORE__ADMINCONNECTIONSTRING", In(admin!, database)),
            ("SLUICE__QUEUE__HOST", broker.Host), ("SLUICE__QUEUE__PREFIX", broker.Prefix),
        ];
        await PostgresDatabase.RunAsync(admin!, $"create database {database}");
        try
        {
            (int code, string output, string error) = await SluiceProcess.RunAsync(["demo", "--json", "--services"], environment);
            Assert.Equal((1, ""), (code, output));
            Assert.Contains("Run `sluice migrate`", error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);

            (code, _, error) = await SluiceProcess.RunAsync(["migrate"], environment);
            Assert.True(code == 0, error);
            (code, output, error) = await SluiceProcess.RunAsync(["demo", "--json", "--services"], environment);
            Assert.True(code == 0, error);
            KeepsItsPromises(SluiceProcess.Json(output));
        }
        finally
        {
            await PostgresDatabase.DropAsync(admin!, database);
        }
    }

    private static void KeepsItsPromises(JsonElement figures)
    {
        string[] members =
        [
            "tickets", "jobs", "failed", "seconds", "jobs_per_s", "tokens_per_s", "batches", "close_reasons", "prompt_tokens", "prompt_tokens_computed", "cache_hits", "false_hits",
            "deadlines", "label_accuracy", "repeats", "reworded", "lookalikes",
        ];
        Assert.Equal(members, figures.EnumerateObject().Select(member => member.Name));
        Assert.Equal(["exact", "semantic", "twin"], figures.GetProperty("cache_hits").EnumerateObject().Select(member => member.Name));
        Assert.Equal((400, 0, 0), (Number("jobs"), Number("failed"), Number("false_hits")));
        Assert.Equal((400, 0), (Number("deadlines", "met"), Number("deadlines", "missed")));
        Assert.Equal(Number("repeats", "tickets"), Number("repeats", "hits"));
        Assert.InRange(Number("reworded", "hits"), Number("reworded", "tickets") / 2, Number("reworded", "tickets"));
        Assert.InRange(figures.GetProperty("label_accuracy").GetDouble(), 0.95, 1);

        int Number(params string[] path) => path.Aggregate(figures, (at, name) => at.GetProperty(name)).GetInt32();
    }

    private static string In(string connectionString, string database) => new NpgsqlConnectionStringBuilder(connectionString) { Database = database }.ConnectionString;
}
