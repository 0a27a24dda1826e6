using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sluice.Cli.Models;
using Sluice.Engine.Measuring;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Speculation;
using Sluice.Engine.Tokens;
using Sluice.Tuning.Tickets;
using Spectre.Console;

namespace Sluice.Cli.Bench;

/// <summary><c>sluice bench speculation</c>: what guessing ahead brings, and what it costs where every guess is wrong.</summary>
internal static class SpeculationCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> model = ModelCommands.FolderOption();
        Option<string?> draft = new("--draft") { Description = "Folder of a small model of the same tokenizer; without it only prompt lookup is measured.", HelpName = "DIR" };
        Option<string> dtype = WeightOption.Create();
        Option<int> threads = EngineCommand.InRange("--threads", "Threads that share a step.", Environment.ProcessorCount, 1024);
        Option<int> pairs = EngineCommand.InRange("--pairs", "Runs with and without, in turn; the median of their ratios is printed with its interval.", 15, 1000);
        Option<int> tickets = EngineCommand.InRange("--tickets", "Prompts of a run: support tickets, as the demo model is asked.", 64, 10_000);
        Option<int> tokens = EngineCommand.InRange("--tokens", "Most tokens of an answer.", 96, 100_000);
        Option<int[]> batch = new("--batch") { Description = "Sequences at once; may be repeated.", DefaultValueFactory = _ => [1, 8, 32] };
        Option<bool> processorTime = new("--cpu-time") { Description = "Time by the processor, not by the wall: for a busy machine, with --threads 1." };
        Option<bool> json = new("--json") { Description = "One list on standard output." };
        Command command = new("speculation", "Answers with speculation and without, in turn.") { model, draft, dtype, threads, pairs, tickets, tokens, batch, processorTime, json };
        batch.Validators.Add(result =>
        {
            foreach (int found in (result.GetValueOrDefault<int[]>() ?? []).Where(n => n is < 1 or > 64))
                result.AddError($"--batch: expected 1 to 64, found {found}.");
        });
        command.SetAction(async (parse, cancellationToken) =>
        {
            if (parse.GetValue(processorTime) && parse.GetValue(threads) != 1) throw CommandFailedException.Usage($"--cpu-time: expected --threads 1, found {parse.GetValue(threads)}.");
            SpeculationBenchOptions options = new()
            {
                Weights = WeightFormats.Parse(parse.GetValue(dtype)),
                Threads = parse.GetValue(threads),
                Pairs = parse.GetValue(pairs),
                MaxTokens = parse.GetValue(tokens),
                ProcessorTime = parse.GetValue(processorTime),
                Batches = parse.GetRequiredValue(batch),
                DraftFolder = parse.GetValue(draft),
            };
            string folder = parse.GetRequiredValue(model);
            KvBudget.Inspect(folder, new ModelOptions()); // a variable of the environment that names nothing is wrong usage
            Tokenizer tokenizer = Tokenizer.Load(folder);
            if (options.DraftFolder is { } small) RequireSameTokens(folder, tokenizer, small);
            int[][] prompts = Prompts(tokenizer, parse.GetValue(tickets));
            IReadOnlyList<SpeculationFigure> figures = await Task.Run(() => SpeculationBench.RunAsync(folder, prompts, options, terminal.Error.WriteLine, cancellationToken), cancellationToken);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(figures, CliJson.Default.IReadOnlyListSpeculationFigure));
            else Draw(figures, terminal.Tables());
            return ExitCode.Done;
        });
        return command;
    }

    // Before anything is measured.
    private static void RequireSameTokens(string folder, Tokenizer tokenizer, string draft)
    {
        try
        {
            DraftPair.RequireSameTokens(folder, tokenizer, draft);
        }
        catch (ArgumentException error)
        {
            throw CommandFailedException.Usage($"--draft: {error.Message}");
        }
    }

    private static int[][] Prompts(Tokenizer tokenizer, int count)
    {
        TicketGenerator generator = new(4242, TicketSplit.HeldOut);
        return [.. Enumerable.Range(0, count).Select(_ => (int[])[.. TicketPrompts.Chat(TicketPrompts.AnswerSystem, generator.Next().Text).SelectMany((part, i) => i % 2 == 0 ? tokenizer.EncodeTemplate(part) : tokenizer.Encode(part))])];
    }

    private static void Draw(IReadOnlyList<SpeculationFigure> figures, IAnsiConsole console)
    {
        Table table = new Table().AddColumns("workload", "batch", "time in steps without / with", "95 % interval", "tokens a step", "guesses that stood");
        foreach (SpeculationFigure f in figures)
        {
            table.AddRow(
                f.Workload, Number(f.Batch, "0"), Number(f.Speedup.Median, "0.000"), $"{Number(f.Speedup.Low, "0.000")} to {Number(f.Speedup.High, "0.000")}",
                Number(f.TokensPerStep, "0.00"), $"{Number(f.Accepted, "N0")} of {Number(f.Drafted, "N0")}");
        }
        console.Write(table);
    }

    private static string Number(double value, string form) => value.ToString(form, CultureInfo.InvariantCulture);
}
