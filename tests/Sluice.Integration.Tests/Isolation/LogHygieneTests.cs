using Sluice.Engine;
using Sluice.Integration.Tests.Inference;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Store.Postgres;
using Sluice.Tests.Hygiene;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Isolation;

/// <summary>What Npgsql, MassTransit and the service say at Debug while jobs run on the real database and broker.</summary>
[Collection(PostgresTests.Name)]
public sealed class LogHygieneTests(PostgresDatabase database) : RealRigs(database)
{
    private const string Word = "marzipan";

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
            // Its connections are cut under it.
            await PostgresDatabase.RunAsync(Database.AdminConnectionString, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sluice_service' and datname = current_database()");
            await rig.EndAsync(await rig.SubmitAsync(Prompt($"{Word} after the cut")));
            await rig.StopAsync();
        }
        foreach (string part in new[] { "Debug ", "Npgsql", "MassTransit", "Sluice.Service.Inference" })
        {
            Assert.Contains(recorder.Lines, line => line.Contains(part, StringComparison.Ordinal));
        }
        Assert.DoesNotContain(recorder.Lines, line => line.Contains(Word, StringComparison.OrdinalIgnoreCase));
        Console.WriteLine($"log hygiene on the real services: {recorder.Lines.Count} lines");
    }

    private static Task<WorkerRig> StartAsync(Dictionary<string, string?> settings, StubOptions? stub, Recorder recorder) => WorkerRig.StartAsync(
        new SluiceHostOptions { Engine = EngineKind.Stub, Roles = new HashSet<HostRole> { HostRole.Api, HostRole.Worker }, Settings = settings }, services => services.AddPostgresStore(), stub, recorder);
}
