using System.Globalization;
using System.Text.Json;
using Sluice.Batching.Simulation;
using Spectre.Console;

namespace Sluice.Cli.Bench.Batching;

/// <summary><c>sluice bench batching --live</c>: prediction against reality.</summary>
internal static class LiveCommand
{
    private const int Requests = 1_000;

    public static async Task<int> RunAsync(
        Terminal terminal, FileInfo file, Func<int, List<TraceRequest>> read, IReadOnlyList<double> loads, int seed, int? slice, string? model, bool json, CancellationToken cancellationToken)
    {
        string folder = model ?? Path.Combine(AppContext.BaseDirectory, "Demo", "model");
        if (!File.Exists(Path.Combine(folder, "config.json"))) throw CommandFailedException.Usage($"--model: '{folder}' is no model folder: it has no config.json.");
        List<TraceRequest> trace = read(slice ?? Requests);
        await using LiveService service = await LiveService.StartAsync(terminal, folder, cancellationToken);
        LiveBench bench = new(service, trace, seed);
        await terminal.Error.WriteLineAsync($"bench: {trace.Count} requests at once, {LiveBench.CapacityRuns} times, to find the capacity");
        await bench.FindCapacityAsync(cancellationToken);
        List<LiveLoad> measured = [];
        foreach (double load in loads)
        {
            await terminal.Error.WriteLineAsync($"bench: load {load.ToString(CultureInfo.InvariantCulture)}, as recorded: once with another seed, to learn what steps cost at it, and once to be measured");
            measured.Add(await bench.RunAsync(load, cancellationToken));
        }
        LiveReport report = new(
            file.Name, Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), trace.Count, LiveBench.Scale, seed, measured);
        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, CliJson.Default.LiveReport));
        }
        else
        {
            Write(terminal.Tables(), report);
        }
        return ExitCode.Done;
    }

    private static void Write(IAnsiConsole console, LiveReport report)
    {
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Trace}: {report.Requests} requests, {report.Scale} tokens as one, model {report.Model}, seed {report.Seed}"));
        foreach (LiveLoad load in report.Loads)
        {
            LiveCosts costs = load.Costs;
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"a step at {load.Load:0.0#}: {costs.A * 1e3:0.###} ms + {costs.B * 1e6:0.##} us a prefill token + {costs.C * 1e6:0.##} us a decode token + {costs.D * 1e9:0.##} ns a position + {costs.E * 1e6:0} us a job that comes meanwhile; error {costs.ErrorP50:P1} median, {costs.ErrorP95:P1} p95"));
        }
        Table table = new();
        table.AddColumns("load", "", "mean wait s", "p99 wait s", "tokens/s", "seconds", "ran", "expired", "prompt tokens computed", "steps");
        foreach (LiveLoad load in report.Loads)
        {
            Row(table, load.Load.ToString("0.0#", CultureInfo.InvariantCulture), "measured", load.Measured);
            Row(table, "", "predicted", load.Predicted);
            table.AddRow("", load.WithinAim ? "within 15 %" : "further off than 15 %", Share(load.WaitDifference), "", Share(load.ThroughputDifference), "", "", "", "", "");
            Row(table, "", "with the step costs of its end", load.Afterwards);
            table.AddRow(
                "", "", Share(LiveLoad.Difference(load.Afterwards.MeanWaitS, load.Measured.MeanWaitS)), "",
                Share(LiveLoad.Difference(load.Afterwards.ThroughputTokS, load.Measured.ThroughputTokS)), "", "", "", "", "");
        }
        console.Write(table);
    }

    private static void Row(Table table, string load, string what, LiveSide side) => table.AddRow(
        load, what, Number(side.MeanWaitS), Number(side.P99WaitS), side.ThroughputTokS.ToString("N0", CultureInfo.InvariantCulture), Number(side.Seconds),
        side.Ran.ToString(CultureInfo.InvariantCulture), side.Expired.ToString(CultureInfo.InvariantCulture), side.ComputedTok.ToString("N0", CultureInfo.InvariantCulture),
        side.Steps.ToString("N0", CultureInfo.InvariantCulture));

    private static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Share(double value) => value.ToString("+0.0 %;-0.0 %", CultureInfo.InvariantCulture);
}
