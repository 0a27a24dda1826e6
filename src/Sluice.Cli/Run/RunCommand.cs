using System.CommandLine;
using System.Text.Json;
using Sluice.Cli.Bench;
using Sluice.Cli.Models;
using Sluice.Engine.Models;

namespace Sluice.Cli.Run;

/// <summary><c>sluice run</c>: a file of OpenAI batch lines in, a file of answers out.</summary>
internal static class RunCommand
{
    private const int DefaultWindow = 4096;

    public static Command Create(Terminal terminal)
    {
        Argument<string> input = new("IN") { Description = "JSONL file of batch lines: custom_id, method, url, body." };
        Option<string> output = new Option<string>("--output", "-o") { Description = "File for the answers, in the order in which they are ready.", HelpName = "OUT", Required = true }.NotEmpty();
        Option<string> model = ModelCommands.FolderOption();
        Option<string?> name = new("--name") { Description = "What body.model may be; the folder's name where not given." };
        Option<bool> resume = new("--resume") { Description = "Go on with an output that a run before has left; its lines are not run again." };
        Option<bool> overwrite = new("--overwrite") { Description = "Write an output that is there anew." };
        Option<bool> json = new("--json") { Description = "One object with the totals on standard output." };
        Option<long> kvBytes = KvBudget.Option("Bytes of keys and values.", new ModelOptions().KvBytes);
        Option<int> window = EngineCommand.InRange("--window", "Most lines that wait or run at a time.", DefaultWindow, 1 << 20);
        Option<int> threads = EngineCommand.InRange("--threads", "Threads that compute.", Environment.ProcessorCount, 1024);
        Command command = new("run", "Run a file of batch lines through a model, without a service. Absent parameters mean: greedy, 128 tokens.")
        {
            input, output, model, name, resume, overwrite, json, kvBytes, window, threads,
        };
        command.SetAction(async (parse, cancellationToken) =>
        {
            RunOptions options = new()
            {
                Input = parse.GetRequiredValue(input),
                Output = parse.GetRequiredValue(output),
                Model = parse.GetRequiredValue(model),
                Name = parse.GetValue(name),
                Resume = parse.GetValue(resume),
                Overwrite = parse.GetValue(overwrite),
                KvBytes = parse.GetValue(kvBytes),
                Window = parse.GetValue(window),
                Threads = parse.GetValue(threads),
            };
            RunReport report = await new FileRun(options, terminal).RunAsync(cancellationToken);
            if (parse.GetValue(json)) await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, CliJson.Default.RunReport));
            else report.Draw(terminal.Tables());
            return report.Failed + report.SkippedFailed == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }
}
