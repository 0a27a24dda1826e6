using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sluice.Cli.Models;
using Sluice.Engine;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tokens;
using Sluice.Tuning.Tickets;
using Spectre.Console;

namespace Sluice.Cli.Tune;

/// <summary><c>sluice tune evaluate-demo</c>: how well a model sorts and answers tickets of phrases that training never shows.</summary>
internal static class EvaluateDemoCommand
{
    /// <summary>Below these the command fails.</summary>
    private const double LabelTarget = 0.95, WellFormedTarget = 0.99;

    public static Command Create(Terminal terminal)
    {
        Option<string> model = ModelCommands.FolderOption();
        Option<string> dtype = WeightOption.Create();
        Option<int> count = new("--tickets") { Description = "Held-out tickets to ask.", DefaultValueFactory = _ => 1000 };
        Option<long> seed = new("--seed") { Description = "Seed of the tickets.", DefaultValueFactory = _ => 4242 };
        Option<bool> json = new("--json") { Description = "One object on standard output." };
        Option<bool> confused = new("--confused") { Description = "Also list what went wrong, on the error stream." };
        Command command = new("evaluate-demo", "Ask held-out tickets and count right answers.") { model, dtype, count, seed, json, confused };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string folder = parse.GetRequiredValue(model);
            ModelOptions options = new() { Weights = WeightFormats.Parse(parse.GetValue(dtype)) };
            ModelInspection sizes = ModelInspection.Read(folder, options);
            await using IEngine engine = ModelEngine.Load(folder, new EngineOptions { Model = options });
            DemoEvaluation result = await DemoEvaluation.RunAsync(engine, Tokenizer.Load(folder), (ulong)parse.GetValue(seed), parse.GetValue(count), cancellationToken);
            if (parse.GetValue(confused))
            {
                foreach (string line in result.Confused) await terminal.Error.WriteLineAsync(line);
            }
            DemoReport report = new(result.Tickets, result.LabelAccuracy, result.WellFormed, result.JsonLabelAccuracy, result.OrderAccuracy, result.PriorityAccuracy, result.Perplexity,
                options.Weights.Name(), sizes.BytesByType.Values.Sum(), sizes.Memory.WeightBytes);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, CliJson.Default.DemoReport));
            else Draw(report, terminal.Tables());
            return result.LabelAccuracy >= LabelTarget && result.WellFormed >= WellFormedTarget ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static void Draw(DemoReport report, IAnsiConsole console)
    {
        Table table = new Table().AddColumns("of held-out tickets", "share", "asked for");
        Add("label right (choices)", report.LabelAccuracy, LabelTarget);
        Add("answer is well-formed JSON", report.WellFormed, WellFormedTarget);
        Add("label right in the JSON", report.JsonLabelAccuracy, null);
        Add("order number right", report.OrderAccuracy, null);
        Add("priority right", report.PriorityAccuracy, null);
        console.Write(table);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"perplexity {report.Perplexity:0.0000}; weights {report.FileWeightBytes:N0} bytes in the files, {report.WeightBytes:N0} as {report.Dtype}"));

        void Add(string name, double share, double? target) => table.AddRow(name, Percent(share), target is { } least ? "≥ " + Percent(least) : "");
    }

    private static string Percent(double share) => share.ToString("P2", CultureInfo.InvariantCulture);
}

/// <summary>What <c>evaluate-demo --json</c> prints; shares from 0 to 1.</summary>
internal sealed record DemoReport(
    int Tickets, double LabelAccuracy, double WellFormed, double JsonLabelAccuracy, double OrderAccuracy, double PriorityAccuracy, double Perplexity,
    string Dtype, long FileWeightBytes, long WeightBytes);
