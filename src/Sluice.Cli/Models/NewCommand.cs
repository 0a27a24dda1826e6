using System.CommandLine;
using System.Globalization;
using Sluice.Engine.Models;
using Sluice.Engine.Weights;
using Sluice.Tuning.Tokens;
using Spectre.Console;

namespace Sluice.Cli.Models;

/// <summary><c>sluice model new</c>: a folder of a known shape with random weights, for benches.</summary>
internal static class NewCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> shape = new("--shape") { Description = "Which shape.", Required = true };
        shape.AcceptOnlyFromAmong([.. ModelShape.ByName.Keys]);
        Option<ulong> seed = new("--seed") { Description = "The same shape and seed give the same bytes.", DefaultValueFactory = _ => 1 };
        Option<string> output = new Option<string>("--output", "-o") { Description = "Folder to write the model to.", HelpName = "DIR", Required = true }.NotEmpty();
        Option<bool> overwrite = new("--overwrite") { Description = "Replace the model that is in the folder." };
        Command command = new("new", "Write a model of random weights (bf16, Hugging Face folder, a tokenizer of the right size).") { shape, seed, output, overwrite };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string folder = parse.GetRequiredValue(output);
            ModelShape wanted = ModelShape.ByName[parse.GetRequiredValue(shape)];
            Directory.CreateDirectory(folder);
            string[] old = [.. Directory.GetFiles(folder, "model*.safetensors*"), .. Directory.GetFiles(folder, "config.json")]; // nothing else is ever removed
            if (old.Length > 0 && !parse.GetValue(overwrite))
                throw CommandFailedException.Usage($"--output: '{folder}' holds a model already; --overwrite replaces it.");
            RequireRoom(folder, wanted, old.Sum(file => new FileInfo(file).Length));
            foreach (string file in old) File.Delete(file);
            await WatchAsync(terminal, wanted, parse.GetRequiredValue(shape), wrote =>
            {
                PairTokenizer.Write(folder, wanted.Vocabulary);
                RandomModel.Write(folder, wanted, parse.GetValue(seed), tokenizer: null, bytes =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    wrote(bytes);
                });
            });
            await terminal.Out.WriteLineAsync(folder);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Before anything is removed; what will be removed is room.</summary>
    private static void RequireRoom(string folder, ModelShape shape, long removed)
    {
        long wanted = shape.Parameters * shape.DataType.Size();
        long free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace + removed;
        if (free < wanted)
            throw new CommandFailedException(ExitCode.Failed, $"'{folder}': {Number(wanted)} bytes are needed and {Number(free)} are free.");
    }

    /// <summary>A bar where a person watches, a line per gigabyte elsewhere.</summary>
    private static Task WatchAsync(Terminal terminal, ModelShape shape, string name, Action<Action<long>> write)
    {
        long total = shape.Parameters * shape.DataType.Size(), done = 0;
        if (!terminal.Interactive)
        {
            return Task.Run(() => write(bytes =>
            {
                long before = done >> 30;
                done += bytes;
                if (done >> 30 != before) terminal.Error.WriteLine($"{name}: {Number(done)} of {Number(total)} bytes");
            }));
        }
        return terminal.Progress().Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context => Task.Run(() =>
            {
                ProgressTask bar = context.AddTask(name, maxValue: total);
                write(bytes => bar.Increment(bytes));
            }));
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
