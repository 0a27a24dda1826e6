using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sluice.Cli.Bench;
using Sluice.Cli.Models;
using Sluice.Engine;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tokens;
using Sluice.Tuning.Tickets;
using Spectre.Console;

namespace Sluice.Cli.Tune;

/// <summary><c>sluice tune evaluate-demo</c>: how well a model sorts and answers tickets of phrases that training never shows, and how well a small one drafts for it.</summary>
internal static class EvaluateDemoCommand
{
    private const string HeldOut = "heldout";

    /// <summary>Below these the command fails.</summary>
    private const double LabelTarget = 0.95, WellFormedTarget = 0.99;

    public static Command Create(Terminal terminal)
    {
        Option<string> model = ModelCommands.FolderOption();
        Option<string> dtype = WeightOption.Create();
        Option<string> kv = WeightOption.CreateKv();
        Option<string> phrases = new Option<string>("--phrases") { Description = "judge, judge-2, judge-3 (by hands that had read no others), heldout (those of the demo), or a file of the same form.", DefaultValueFactory = _ => "judge" }.NotEmpty();
        Option<int> count = EngineCommand.InRange("--tickets", "Tickets to ask.", 1000, 1_000_000);
        Option<long> seed = new("--seed") { Description = "Seed of the tickets.", DefaultValueFactory = _ => 4242 };
        Option<string?> draft = new("--draft") { Description = "Folder of a small model of the same tokenizer: also count how many of the answers' tokens it guesses.", HelpName = "DIR" };
        Option<bool> json = new("--json") { Description = "One object on standard output." };
        Option<bool> confused = new("--confused") { Description = "Also list what went wrong, on the error stream." };
        Command command = new("evaluate-demo", "Ask tickets of phrases unseen in training and count right answers.") { model, dtype, kv, phrases, count, seed, draft, json, confused };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string folder = parse.GetRequiredValue(model);
            ModelOptions weights = new() { Weights = WeightFormats.Parse(parse.GetValue(dtype)), Kv = KvFormats.Parse(parse.GetValue(kv)) };
            ModelInspection sizes = KvBudget.Inspect(folder, weights);
            await using IEngine engine = ModelEngine.Load(folder, new EngineOptions { Model = weights });
            await using IEngine? drafter = parse.GetValue(draft) is { } small ? LoadDraft(small, folder) : null;
            string which = parse.GetValue(phrases)!;
            DemoEvaluationOptions options = new()
            {
                Split = which == HeldOut ? TicketSplit.HeldOut : TicketSplit.Judge,
                Judge = which == HeldOut ? null : which,
                Seed = (ulong)parse.GetValue(seed),
                Tickets = parse.GetValue(count),
                Draft = drafter,
            };
            DemoEvaluation result = await AskAsync(engine, Tokenizer.Load(folder), options, cancellationToken);
            if (parse.GetValue(confused))
            {
                foreach (string line in result.Confused) await terminal.Error.WriteLineAsync(line);
            }
            DemoReport report = new(
                result.Tickets, result.LabelAccuracy, result.WellFormed, result.JsonLabelAccuracy, result.OrderAccuracy, result.PriorityAccuracy, result.Perplexity,
                weights.Weights.Name(), sizes.BytesByType.Values.Sum(), sizes.Memory.WeightBytes, result.Wrong, result.Draft?.Share, result.Draft?.TokensPerStep);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, CliJson.Default.DemoReport));
            else Draw(report, terminal.Tables());
            return result.LabelAccuracy >= LabelTarget && result.WellFormed >= WellFormedTarget ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<DemoEvaluation> AskAsync(IEngine engine, Tokenizer tokenizer, DemoEvaluationOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await DemoEvaluation.RunAsync(engine, tokenizer, options, cancellationToken);
        }
        catch (Exception exception) when (exception is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw CommandFailedException.Usage($"--phrases: expected judge, judge-2, judge-3, heldout or a file of phrases, found '{options.Judge}': {exception.Message}");
        }
    }

    private static ModelEngine LoadDraft(string draft, string model)
    {
        string own = Path.Combine(draft, "tokenizer.json");
        if (!File.Exists(own)) throw CommandFailedException.Usage($"--draft: '{draft}' is no model folder: it has no tokenizer.json.");
        if (!File.ReadAllBytes(own).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(model, "tokenizer.json"))))
            throw CommandFailedException.Usage($"--draft: expected the tokenizer of '{model}', found another in '{draft}'.");
        return ModelEngine.Load(draft, new EngineOptions());
    }

    private static void Draw(DemoReport report, IAnsiConsole console)
    {
        Table table = new Table().AddColumns($"of {report.Tickets.ToString("N0", CultureInfo.InvariantCulture)} unseen tickets", "", "asked for");
        Add("label right (choices)", report.LabelAccuracy, LabelTarget);
        Add("answer is well-formed JSON", report.WellFormed, WellFormedTarget);
        Add("label right in the JSON", report.JsonLabelAccuracy, null);
        Add("order number right", report.OrderAccuracy, null);
        Add("priority right", report.PriorityAccuracy, null);
        if (report.DraftAgreement is { } agreement) Add("tokens that the draft guesses", agreement, null);
        if (report.DraftTokensPerStep is { } tokens) table.AddRow($"tokens a step with {DraftAgreement.DraftLength} drafted", tokens.ToString("F2", CultureInfo.InvariantCulture), "");
        console.Write(table);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"perplexity {report.Perplexity:0.0000}; weights {report.FileWeightBytes:N0} bytes in the files, {report.WeightBytes:N0} as {report.Dtype}"));

        void Add(string name, double share, double? target) => table.AddRow(name, Percent(share), target is { } least ? "≥ " + Percent(least) : "");
    }

    private static string Percent(double share) => share.ToString("P2", CultureInfo.InvariantCulture);
}

/// <summary>What <c>evaluate-demo --json</c> prints; shares from 0 to 1, the draft's null where none is given.</summary>
/// <param name="Wrong">Wrong labels by the right one.</param>
internal sealed record DemoReport(
    int Tickets, double LabelAccuracy, double WellFormed, double JsonLabelAccuracy, double OrderAccuracy, double PriorityAccuracy, double Perplexity,
    string Dtype, long FileWeightBytes, long WeightBytes, IReadOnlyDictionary<string, int> Wrong, double? DraftAgreement, double? DraftTokensPerStep);
