using System.Diagnostics;
using System.Globalization;
using Sluice.Integration.Tests.Store;
using Sluice.Store;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Cache;

/// <summary>What a look-up costs: milliseconds a round trip, and processor time a probe in this process. Run with <c>-explicit only</c>.</summary>
[Collection(PostgresTests.Name)]
public sealed class SemanticBench : StoreContract
{
    private const int Dimension = 256;
    private readonly PostgresDatabase _database;
    private readonly PostgresHost _host;

    public SemanticBench(PostgresDatabase database)
        : this(database, new PostgresHost(database))
    {
    }

    private SemanticBench(PostgresDatabase database, PostgresHost host)
        : base(host) => (_database, _host) = (database, host);

    [Theory(Explicit = true)]
    [InlineData("few entries", 50, 50)]
    [InlineData("5,000 entries, each its own guard", 5_000, 5_000)]
    [InlineData("5,000 entries, one guard, compared one by one", 5_000, 1)]
    [InlineData("20,000 entries, one guard, by their index", 20_000, 1)]
    public async Task Milliseconds_a_look_up(string what, int entries, int guards)
    {
        await CacheFill.RunAsync(_database, Tenant, Dimension, entries, guards);
        await SubmitAsync(Job());
        ISemanticCache cache = _host.Cache;
        Stopwatch tended = Stopwatch.StartNew();
        await cache.TendAsync(Token);
        Print($"{what}: tended in {tended.Elapsed.TotalSeconds:0.0} s");
        foreach (int batch in (int[])[1, 16, 64])
        {
            SemanticProbe[] probes = [.. Enumerable.Range(0, batch).Select(i => CacheFill.Probe(Tenant, CacheFill.Direction(Dimension, i), i % guards))];
            for (int i = 0; i < 5; i++)
            {
                await cache.FindAsync(probes, 1, Token);
            }
            const int rounds = 30;
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < rounds; i++)
            {
                await cache.FindAsync(probes, 1, Token);
            }
            double wall = Stopwatch.GetElapsedTime(start).TotalMilliseconds / rounds;
            double each = (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds / rounds / batch;
            Print(string.Create(CultureInfo.InvariantCulture, $"{what}: {batch} probes {wall:0.00} ms, {wall / batch:0.000} ms a probe, {each:0.000} ms processor here"));
        }
    }

    private static void Print(string line) => TestContext.Current.TestOutputHelper!.WriteLine(line);
}
