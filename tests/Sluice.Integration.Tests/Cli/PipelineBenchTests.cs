using Sluice.Integration.Tests.Queue;
using Sluice.Integration.Tests.Store;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Cli;

/// <summary>The bench shares its store's outbox, so it shares its store with nobody.</summary>
[Collection(PostgresTests.Name)]
public sealed class PipelineBenchTests(PostgresDatabase database) : StoreContract(new PostgresHost(database))
{
    [Fact]
    public async Task A_database_with_a_living_worker_is_refused_and_one_without_is_taken()
    {
        Assert.SkipWhen(!Broker.IsConfigured, Broker.Missing);
        Guid worker = await WorkerAsync("front");
        await SubmitAsync(Job());
        (int code, string output, string error) = await BenchAsync();
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("sluice: Worker 'front' uses this database", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Single(await TicketsAsync());

        await Store.RetireWorkerAsync(worker, Token);
        (code, output, error) = await BenchAsync();
        Assert.True(code == 0, error);
        Assert.Contains("\"succeeded\":20", output, StringComparison.Ordinal);
        Assert.Empty(await Store.WorkersAsync(Token));
    }

    private Task<(int Code, string Out, string Error)> BenchAsync() => SluiceProcess.RunAsync(
        ["bench", "pipeline", "--jobs", "20", "--cache", "off", "--json"],
        ("SLUICE__STORE__CONNECTIONSTRING", database.ServiceConnectionString), ("SLUICE__QUEUE__HOST", new Broker().Host));
}
