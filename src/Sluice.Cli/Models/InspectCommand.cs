using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sluice.Engine.Models;
using Spectre.Console;

namespace Sluice.Cli.Models;

/// <summary><c>sluice model inspect</c>: what a folder holds and what a KV budget makes of it, without reading a weight.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> folder = ModelCommands.FolderArgument();
        Option<long> kvBytes = KvBudget.Option("KV budget to work out tokens for.");
        Option<bool> json = new("--json") { Description = "One object on standard output." };
        Command command = new("inspect", "Architecture, parameters, bytes per type, and what a KV budget holds.") { folder, kvBytes, json };
        command.SetAction(parse =>
        {
            long budget = parse.GetValue(kvBytes);
            ModelReport report = ModelReport.Of(KvBudget.Inspect(parse.GetRequiredValue(folder), new ModelOptions { KvBytes = budget }), budget);
            if (parse.GetValue(json)) terminal.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Default.ModelReport));
            else Draw(report, terminal.Tables());
            return ExitCode.Done;
        });
        return command;
    }

    private static void Draw(ModelReport report, IAnsiConsole console)
    {
        Grid grid = new Grid().AddColumn().AddColumn();
        Add("architecture", report.Architecture);
        Add("parameters", Number(report.Parameters));
        Add("tensors", $"{Number(report.Tensors)} in {Number(report.Files)} file(s) of {Number(report.FileBytes)} bytes");
        foreach ((string type, long bytes) in report.Bytes) Add($"bytes as {type}", Number(bytes));
        Add("layers", $"{report.Layers}, hidden {report.HiddenSize}, intermediate {report.IntermediateSize}");
        Add("heads", $"{report.Heads} of {report.HeadDim}, {report.KvHeads} for keys and values");
        Add("vocabulary", Number(report.Vocabulary) + (report.Tied ? ", head tied to the embedding" : ""));
        Add("context", $"{Number(report.ContextLength)} tokens");
        Add("KV budget", $"{Number(report.Kv.Bytes)} bytes hold {Number(report.Kv.Tokens)} tokens ({Number(report.Kv.Pages)} pages of {Number(report.Kv.BytesPerPage)} bytes), {Number(report.Kv.FullContexts)} full contexts");
        Add("in memory", $"{Number(report.Memory.Weights)} bytes of weights, {Number(report.Memory.Arena)} of scratch, about {Number(report.Memory.Runtime)} for the runtime, run by {report.Backend}{(report.Refusal is { } refusal ? $" (kernels assembled at start were refused by this host: {refusal})" : "")}");
        console.Write(grid);

        void Add(string name, string value) => grid.AddRow(new Text(name), new Text(value));
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
