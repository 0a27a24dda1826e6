using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sluice.Cli.Models;
using Sluice.Engine.Measuring;
using Sluice.Engine.Quantization;
using Spectre.Console;

namespace Sluice.Cli.Bench;

/// <summary><c>sluice bench attention</c>: what attending to a common prefix together gains, beside what counting predicts.</summary>
internal static class AttentionCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> model = ModelCommands.FolderOption();
        Option<string> kv = WeightOption.CreateKv();
        Option<int> threads = EngineCommand.InRange("--threads", "Threads that share a step.", Environment.ProcessorCount, 1024);
        Option<int> repeats = EngineCommand.InRange("--repeats", "Rounds; medians are printed.", 7, 1000);
        Option<bool> processorTime = new("--cpu-time") { Description = "Time by the processor, not by the wall: for a busy machine, with --threads 1." };
        Option<FileInfo?> plot = new("--plot") { Description = "Write an SVG." };
        Option<bool> json = new("--json") { Description = "One object on standard output." };
        Command command = new("attention", "Groups of 2 to 64 sequences behind common prefixes of 256 to 4,096 tokens, one layer of the model's shape.") { model, kv, threads, repeats, processorTime, plot, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            if (parse.GetValue(processorTime) && parse.GetValue(threads) != 1) throw CommandFailedException.Usage($"--cpu-time: expected --threads 1, found {parse.GetValue(threads)}.");
            AttentionBenchOptions options = new() { Kv = KvFormats.Parse(parse.GetValue(kv)), Threads = parse.GetValue(threads), Repeats = parse.GetValue(repeats), ProcessorTime = parse.GetValue(processorTime) };
            AttentionFigures figures = await Task.Run(() => AttentionBench.Run(parse.GetRequiredValue(model), options, terminal.Error.WriteLine, cancellationToken), cancellationToken);
            if (parse.GetValue(plot) is { } svg) await File.WriteAllTextAsync(svg.FullName, AttentionPlot.Draw(figures), cancellationToken);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(figures, CliJson.Default.AttentionFigures));
            else Draw(figures, terminal.Tables());
            return ExitCode.Done;
        });
        return command;
    }

    private static void Draw(AttentionFigures figures, IAnsiConsole console)
    {
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{figures.Path}, KV {figures.Kv}, {figures.Threads} thread(s), {figures.Heads} heads, {figures.KvHeads} KV heads of {figures.HeadDim}; peak {figures.PeakGflops:N0} GFLOP/s, reading {figures.ReadGbs:0.0} GB/s"));
        Table table = new Table().AddColumns("sequences", "prefix", "copies us", "apart us", "together us", "gain", "lowest", "highest", "predicted by bytes and operations", "of it", "predicted by bytes alone", "of it", "over apart", "share of the limit");
        foreach (AttentionGain g in figures.Gains)
        {
            table.AddRow([g.Members.ToString(CultureInfo.InvariantCulture), g.Prefix.ToString(CultureInfo.InvariantCulture), .. new[] { g.CopiesUs, g.ApartUs, g.TogetherUs, g.Gain, g.GainRange[0], g.GainRange[1], g.PredictedGain }.Select(Number), Percent(g.Gain / g.PredictedGain), Number(g.BytesGain), Percent(g.Gain / g.BytesGain), Number(g.GainOverApart), Percent(g.ShareOfLimit)]);
        }
        console.Write(table);
    }

    private static string Number(double value) => value.ToString(value >= 100 ? "N0" : "0.00", CultureInfo.InvariantCulture);

    private static string Percent(double share) => share.ToString("P0", CultureInfo.InvariantCulture);
}
