using System.CommandLine;
using System.Globalization;
using Sluice.Tuning.Tickets;
using Spectre.Console;

namespace Sluice.Cli.Tune;

/// <summary><c>sluice tune train-demo</c>: the demo model from nothing, the same bytes for the same seed on the same instruction set.</summary>
internal static class TrainDemoCommand
{
    public static Command Create(Terminal terminal)
    {
        DemoTrainingOptions defaults = new();
        Option<string> output = new Option<string>("--output", "-o") { Description = "Folder to write the model to.", HelpName = "DIR", Required = true }.NotEmpty();
        Option<bool> draft = new("--draft") { Description = "The small sibling that drafts for the model." };
        Option<string?> tokenizer = new("--tokenizer-from") { Description = "Model folder whose tokenizer is taken over (the sibling needs the model's).", HelpName = "DIR" };
        Option<int> steps = Positive("--steps", "Training steps.", defaults.Steps);
        Option<int> threads = Positive("--threads", "Threads; they change the time, not the result.", Environment.ProcessorCount);
        Option<int> seed = new("--seed") { Description = "Seed of tickets and weights.", DefaultValueFactory = _ => defaults.Seed };
        Command command = new("train-demo", "Train the demo model on generated support tickets.") { output, draft, tokenizer, steps, seed, threads };
        command.SetAction(async (parse, cancellationToken) =>
        {
            DemoTrainingOptions options = new()
            {
                Draft = parse.GetValue(draft),
                TokenizerFrom = parse.GetValue(tokenizer),
                Steps = parse.GetValue(steps),
                Seed = parse.GetValue(seed),
                Threads = parse.GetValue(threads),
            };
            string folder = parse.GetRequiredValue(output);
            await WatchAsync(terminal, progress => DemoTraining.Run(folder, options, progress, cancellationToken));
            await terminal.Out.WriteLineAsync(folder);
            return ExitCode.Done;
        });
        return command;
    }

    private static Option<int> Positive(string name, string description, int value)
    {
        Option<int> option = new(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1) result.AddError($"{name}: expected 1 or more, found {result.GetValueOrDefault<int>()}.");
        });
        return option;
    }

    /// <summary>A bar where a person watches, a line every hundred steps elsewhere.</summary>
    private static Task WatchAsync(Terminal terminal, Action<Action<TrainingProgress>> train)
    {
        if (!terminal.Interactive)
        {
            return Task.Run(() => train(at =>
            {
                if (at.Step % 100 == 0 || at.Step == at.Steps) terminal.Error.WriteLine(Text(at));
            }));
        }
        return terminal.Progress().Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context => Task.Run(() =>
            {
                ProgressTask bar = context.AddTask("training");
                train(at =>
                {
                    bar.MaxValue = at.Steps;
                    bar.Value = at.Step;
                    bar.Description = Text(at);
                });
            }));
    }

    private static string Text(TrainingProgress at) => string.Create(CultureInfo.InvariantCulture, $"step {at.Step}/{at.Steps} loss {at.Loss:f3}");
}
