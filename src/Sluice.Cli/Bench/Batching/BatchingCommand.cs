using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sluice.Batching.Simulation;
using Spectre.Console;

namespace Sluice.Cli.Bench.Batching;

/// <summary><c>sluice bench batching</c>: a recorded trace through the former and a simulated engine, beside other policies and a schedule made with hindsight.</summary>
internal static class BatchingCommand
{
    private const double MostLoad = 100, LiveLoad = 1.3;

    public static Command Create(Terminal terminal)
    {
        Option<FileInfo?> trace = new("--trace") { Description = "Azure LLM inference CSV or Mooncake JSON lines, also gzipped." };
        Option<string> loads = new("--load") { Description = "Shares of capacity, comma-separated.", DefaultValueFactory = _ => "0.8,1.0,1.3,2.0" };
        Option<int> seed = new("--seed") { Description = "Of classes, deadlines and tenants.", DefaultValueFactory = _ => 1 };
        Option<string?> seeds = new("--seeds") { Description = "Several seeds, comma-separated, instead of --seed: prints the worst of each figure." };
        Option<int?> slice = new("--slice") { Description = "Only the trace's first requests, once." };
        Option<FileInfo?> plot = new("--plot") { Description = "Write an SVG." };
        Option<bool> decide = new("--decide") { Description = "Measure how long a decision takes over 10,000 and 100,000 waiting jobs, instead." };
        Option<bool> live = new("--live") { Description = "Replay the trace's beginning, scaled down, through the running service in this process, and print prediction and reality; load 1.3 where none is given." };
        Option<string?> model = new("--model") { Description = "With --live: another model folder than the demo's.", HelpName = "DIR" };
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Command command = new("batching", "Deadlines, waits and prefixes under load, in virtual time.") { trace, loads, seed, seeds, slice, plot, decide, live, model, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            if (parse.GetValue(decide))
            {
                return await DecideAsync(terminal, parse.GetValue(json));
            }
            FileInfo file = parse.GetValue(trace) ?? throw CommandFailedException.Usage("--trace: a file is needed.");
            double[] shares = [.. parse.GetValue(loads)!.Split(',').Select(Load)];
            if (parse.GetValue(live))
            {
                double[] at = parse.GetResult(loads) is { Implicit: false } ? shares : [LiveLoad];
                return await LiveCommand.RunAsync(terminal, file, most => Read(file, most), at, parse.GetValue(seed), parse.GetValue(slice), parse.GetValue(model), parse.GetValue(json), cancellationToken);
            }
            string? several = parse.GetValue(seeds);
            int[] all = several is null ? [parse.GetValue(seed)] : [.. several.Split(',').Select(Seed)];
            SeedsReport report = Run(terminal, file, shares, all, parse.GetValue(slice), cancellationToken);
            if (parse.GetValue(plot) is { } svg)
            {
                await File.WriteAllTextAsync(svg.FullName, BatchingPlot.Draw(report.Trace, report.Seeds[0].Loads), cancellationToken);
            }
            if (parse.GetValue(json))
            {
                SeedReport first = report.Seeds[0];
                await terminal.Out.WriteLineAsync(several is null
                    ? JsonSerializer.Serialize(new BatchingReport(first.Loads, first.Quotes), CliJson.Default.BatchingReport)
                    : JsonSerializer.Serialize(report, CliJson.Default.SeedsReport));
            }
            else
            {
                BatchingTables.Write(terminal.Tables(), report);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static SeedsReport Run(Terminal terminal, FileInfo file, double[] loads, int[] seeds, int? slice, CancellationToken cancellationToken)
    {
        List<TraceRequest> recorded = Read(file, slice ?? int.MaxValue);
        SimLimits limits = new();
        int copies = slice is null ? BatchingBench.Copies(recorded, limits) : 1;
        Lock telling = new();
        SeedReport[] reports = [.. seeds.AsParallel().AsOrdered().WithCancellation(cancellationToken).Select(seed =>
        {
            BatchingBench bench = new(Workload.Lay(recorded, copies, seed), seed, limits);
            List<LoadReport> done = [];
            foreach (double load in loads)
            {
                cancellationToken.ThrowIfCancellationRequested();
                done.Add(bench.Run(load, step =>
                {
                    lock (telling) terminal.Error.WriteLine($"bench: seed {seed}, {step}");
                }));
            }
            QuoteScore quotes = bench.Quoted;
            return new SeedReport(
                seed, Math.Round(bench.Capacity, 1), done, bench.Standing, new(Math.Round(quotes.MedianError, 4), Math.Round(quotes.PromiseKept, 4)), quotes.Close, quotes.Floor());
        })];
        Targets[] worst = [.. loads.Select((_, i) => Targets.Worst([.. reports.Select(report => report.Targets[i])]))];
        return new(
            file.Name, recorded.Count * copies, copies, reports, worst, new(reports.Max(report => report.Quotes.MedianError), reports.Min(report => report.Quotes.PromiseKept)));
    }

    private static List<TraceRequest> Read(FileInfo file, int most)
    {
        if (most < 1) throw CommandFailedException.Usage($"--slice: 1 or more; it is {most}.");
        try
        {
            return TraceFile.Read(file.FullName, most);
        }
        catch (Exception e) when (e is TraceFormatException or InvalidDataException) // the latter from what is no gzip, or is damaged
        {
            throw CommandFailedException.Usage($"--trace {file.Name}: {e.Message}");
        }
        catch (FileNotFoundException)
        {
            throw CommandFailedException.Usage($"--trace: there is no file '{file.Name}'.");
        }
    }

    private static async Task<int> DecideAsync(Terminal terminal, bool json)
    {
        List<DecisionCost> costs = [DecisionBench.Run(10_000, 32, terminal.Time), DecisionBench.Run(10_000, 0, terminal.Time), DecisionBench.Run(100_000, 32, terminal.Time)];
        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(costs, CliJson.Default.ListDecisionCost));
            return ExitCode.Done;
        }
        Table table = new();
        table.AddColumns("waiting jobs", "shared pages of 64", "decision p50 ms", "p99 ms", "worst ms", "allocated bytes", "bytes per job");
        foreach (DecisionCost cost in costs)
        {
            table.AddRow([.. new double[] { cost.Jobs, cost.SharedPages, cost.P50Ms, cost.P99Ms, cost.WorstMs, cost.AllocatedBytes, cost.BytesPerJob }.Select(v => v.ToString("0.###", CultureInfo.InvariantCulture))]);
        }
        terminal.Tables().Write(table);
        return ExitCode.Done;
    }

    private static double Load(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double load) && load is > 0 and <= MostLoad
            ? load
            : throw CommandFailedException.Usage($"--load: numbers above 0, at most {MostLoad}; one is '{text}'.");

    private static int Seed(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seed) ? seed : throw CommandFailedException.Usage($"--seeds: whole numbers, 0 or more; one is '{text}'.");
}
