using System.Globalization;
using Sluice.Batching.Simulation;
using Spectre.Console;

namespace Sluice.Cli.Bench.Batching;

/// <summary>The report for people: a table per load.</summary>
internal static class BatchingTables
{
    public static void Write(IAnsiConsole console, SeedsReport report)
    {
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Trace}: {report.Requests} requests ({report.Copies} copies)"));
        foreach (SeedReport seed in report.Seeds)
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed.Seed}; capacity {seed.CapacityTokS:N0} tokens/s"));
            foreach (LoadReport load in seed.Loads) console.Write(Of(load));
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"quotes at loads up to 1: median error {seed.Quotes.MedianError:P1} (an oracle without the length's draw {seed.QuotesFloor:P1}), within 15 % or 1 s {seed.QuotesClose:P1}, promises kept {seed.Quotes.PromiseKept:P2}"));
        }
        console.Write(Of(report));
    }

    /// <summary>The worst over seeds of each figure.</summary>
    private static Table Of(SeedsReport report)
    {
        Table table = new() { Title = new TableTitle($"the worst of seeds {string.Join(", ", report.Seeds.Select(seed => seed.Seed))}") };
        table.AddColumns(
            "load", "of hindsight", "of the best baseline", "that one, of all tokens", "prefixes saved", "of these pages' bound", "interactive p99, of alone", "others, of what it leaves", "longest wait, of its limit");
        foreach (Targets worst in report.Worst)
        {
            table.AddRow([.. new[] { worst.Load, worst.OfHindsight, worst.OfBest, worst.BestOfAll, worst.PrefixSaved, worst.PrefixSavedFinite, worst.InteractiveP99OfAlone, worst.RestShare, worst.WaitOfLimit }
                .Select((value, i) => value.ToString(i == 0 ? "0.0#" : "0.000", CultureInfo.InvariantCulture))]);
        }
        return table;
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
                load.ClairvoyantOnTimeTok == 0 ? "-" : Share(policy.OnTimeTok / load.ClairvoyantOnTimeTok),
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
