using System.Globalization;
using Sluice.Batching.Simulation;
using Spectre.Console;

namespace Sluice.Cli.Bench.Batching;

/// <summary>The report for people: a table per load.</summary>
internal static class BatchingTables
{
    public static void Write(IAnsiConsole console, BatchingReport report)
    {
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{report.Trace}: {report.Requests} requests ({report.Copies} copies), seed {report.Seed}; capacity {report.CapacityTokS:N0} tokens/s"));
        foreach (LoadReport load in report.Loads) console.Write(Of(load));
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"quotes at loads up to 1: median error {report.Quotes.MedianError:P1}, promises kept {report.Quotes.PromiseKept:P2}"));
    }

    private static Table Of(LoadReport load)
    {
        Table table = new() { Title = new TableTitle(string.Create(CultureInfo.InvariantCulture, $"load {load.Load:0.0#}")) };
        table.AddColumns("policy", "on time, of hindsight", "tokens/s", "prefixes saved", "met i / s / b", "interactive p50 s", "p99 s", "standard p99 s", "bulk p99 s", "worst s");
        foreach ((string name, PolicyReport policy) in load.Policies)
        {
            ClassReport i = policy.Classes["interactive"], s = policy.Classes["standard"], b = policy.Classes["bulk"];
            table.AddRow(
                name,
                Share(policy.OnTimeTok / load.ClairvoyantOnTimeTok),
                policy.ThroughputTokS.ToString("N0", CultureInfo.InvariantCulture),
                load.RadixBoundTok == 0 ? "-" : Share(policy.PrefixSavedShare),
                $"{Share(i.MetShare)} / {Share(s.MetShare)} / {Share(b.MetShare)}",
                Seconds(i.P50WaitS),
                Seconds(i.P99WaitS),
                Seconds(s.P99WaitS),
                Seconds(b.P99WaitS),
                Seconds(Math.Max(i.WorstWaitS, Math.Max(s.WorstWaitS, b.WorstWaitS))));
        }
        return table;
    }

    private static string Share(double value) => (value * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Seconds(double value) => value.ToString(value < 10 ? "0.00" : "0", CultureInfo.InvariantCulture);
}
