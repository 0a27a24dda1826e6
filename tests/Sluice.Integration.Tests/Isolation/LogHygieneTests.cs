using Npgsql;
using Sluice.Engine;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Store;
using Sluice.Store.Postgres;
using Sluice.Tests.Hygiene;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Isolation;

/// <summary>What Npgsql, MassTransit and the service say at Debug while jobs run on the real database and broker, and while these are not to be had.</summary>
[Collection(PostgresTests.Name)]
public sealed class LogHygieneTests(PostgresDatabase database) : RealRigs(database)
{
    private const string Word = "marzipan";
    private const string Password = "pistachio";

    [Fact]
    public async Task The_words_of_jobs_are_in_no_line_of_the_log()
    {
        using Recorder recorder = new();
        int[] failing = Service.Models.StubModel.Create().EncodePrompt($"{Word} fails");
        StubOptions stub = new() { Fault = request => request.Prompt.AsSpan().SequenceEqual(failing) ? StubFault.Throw : StubFault.None };
        await using (WorkerRig rig = await StartAsync(Settings("w1"), stub, recorder))
        {
            JobId[] ids = await rig.SubmitManyAsync(20, i => Prompt($"{Word} {i}") with { Metadata = new Dictionary<string, string> { ["k"] = Word } });
            JobId failed = await rig.SubmitAsync(Prompt($"{Word} fails"));
            JobId cached = await rig.SubmitAsync(new JobRequest { Model = "stub", Prompt = $"{Word} to keep" });
            Assert.All(await rig.EndAllAsync([.. ids, cached]), job => Assert.Equal(JobState.Succeeded, job.State));
            Assert.Equal(JobState.Failed, (await rig.EndAsync(failed)).State);
            Assert.Equal(AnswerSource.Cache, (await rig.EndAsync(await rig.SubmitAsync(new JobRequest { Model = "stub", Prompt = $"{Word} to keep" }))).Result!.Source);
            // The database refuses what is in its words, and says them.
            await PostgresDatabase.RunAsync(Database.AdminConnectionString, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sluice_service' and datname = current_database()");
            await rig.EndAsync(await SubmitAgainAsync(rig, Prompt($"{Word} after the cut")));
            await rig.StopAsync();
        }
        foreach (string part in new[] { "Debug ", "Npgsql", "MassTransit", "Sluice.Service.Inference" })
        {
            Assert.Contains(recorder.Lines, line => line.Contains(part, StringComparison.Ordinal));
        }
        Assert.DoesNotContain(recorder.Lines, line => line.Contains(Word, StringComparison.OrdinalIgnoreCase));
        Console.WriteLine($"log hygiene on the real services: {recorder.Lines.Count} lines");
    }

    [Fact]
    public async Task Passwords_of_a_database_and_a_broker_that_refuse_them_are_in_no_line_and_no_error()
    {
        using Recorder recorder = new();
        string refused = new NpgsqlConnectionStringBuilder(Postgres) { Username = "nobody_of_that_name", Password = Password }.ConnectionString;
        Dictionary<string, string?> settings = Settings("w1", ("Queue:Host", new UriBuilder(Broker.Host!) { UserName = "nobody", Password = Password }.Uri.ToString()));
        await using (WorkerRig rig = await StartAsync(settings, null, recorder))
        {
            // Accepted, for the database is there; never told to the broker.
            await rig.SubmitAsync(Prompt("x"));
            await WorkerRig.EventuallyAsync(() => recorder.Lines.Any(line => line.Contains("RabbitMQ", StringComparison.OrdinalIgnoreCase) && line.StartsWith("Warning", StringComparison.Ordinal)), "the broker refuses");
            await rig.StopAsync();
        }
        await using Database elsewhere = new(Microsoft.Extensions.Options.Options.Create(new StoreOptions { ConnectionString = refused }), TimeProvider.System);
        Exception error = await Assert.ThrowsAnyAsync<Exception>(() => new StartupCheck(elsewhere).AssertAsync(TestContext.Current.CancellationToken));
        Assert.DoesNotContain(Password, error.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(recorder.Lines, line => line.Contains(Password, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>As a caller does: sent again until it is taken. A connection that was cut is met by whoever uses it next.</summary>
    private static async Task<JobId> SubmitAgainAsync(WorkerRig rig, JobRequest request)
    {
        JobId? taken = null;
        await WorkerRig.EventuallyAsync(async () =>
        {
            try
            {
                taken = await rig.SubmitAsync(request, key: "after the cut");
            }
            catch (StoreUnavailableException)
            {
                // 503
            }
            return taken is not null;
        }, "it is taken");
        return taken!.Value;
    }

    private static Task<WorkerRig> StartAsync(Dictionary<string, string?> settings, StubOptions? stub, Recorder recorder) => WorkerRig.StartAsync(
        new SluiceHostOptions { Engine = EngineKind.Stub, Roles = new HashSet<HostRole> { HostRole.Api, HostRole.Worker }, Settings = settings }, services => services.AddPostgresStore(), stub, recorder);
}
