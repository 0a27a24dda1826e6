using System.CommandLine;
using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Sluice.Cli.Serve;
using Sluice.Service;
using Sluice.Store;
using Sluice.Store.Checking;
using Spectre.Console;

namespace Sluice.Cli.Check;

/// <summary><c>sluice check</c>: do the invariants hold over a database, and over what callers saw? Reads only; exit code 0 where all hold.</summary>
internal static class CheckCommand
{
    private const string Setting = "Store:ConnectionString";
    private const string Variable = "SLUICE__STORE__CONNECTIONSTRING";

    public static Command Create(Terminal terminal)
    {
        Option<string?> log = new Option<string?>("--client-log") { Description = "A file of JSON lines with what callers and receivers saw (ops/runbooks/check.md says which)." }.NotEmpty();
        Option<bool> drained = new("--drained") { Description = "Nothing may be live any more: no job, no outbox row, no webhook to be sent." };
        Option<double> stuck = new("--stuck-after") { Description = "Seconds after which what waits for somebody is stuck.", DefaultValueFactory = _ => 300 };
        Option<double> timeout = new("--timeout") { Description = "Seconds that one statement may take; past it a rule counts as not checked.", DefaultValueFactory = _ => 60 };
        Option<int> examples = new("--examples") { Description = "Most ids named for each broken rule.", DefaultValueFactory = _ => 10 };
        Option<bool> json = new("--json") { Description = "Print the report as one object." };
        Option<string[]> settings = new("--set") { Description = "Section:Name=value, any setting; may be repeated." };
        Command command = new("check", $"Check the invariants of a database, read only ({Setting}: any role with select on the service's tables).") { log, drained, stuck, timeout, examples, json, settings };
        command.SetAction(async (parse, cancellationToken) =>
        {
            CheckOptions options = new()
            {
                ConnectionString = Connection(parse.GetValue(settings) ?? []),
                Log = await ReadLogAsync(parse.GetValue(log), cancellationToken),
                Drained = parse.GetValue(drained),
                StuckAfter = Seconds("--stuck-after", parse.GetValue(stuck)),
                StatementTimeout = Seconds("--timeout", parse.GetValue(timeout)),
                Examples = parse.GetValue(examples) is > 0 and <= 1000 and var most ? most : throw CommandFailedException.Usage("--examples: must be 1 to 1000."),
            };
            CheckReport report = await RunAsync(options, cancellationToken);
            if (parse.GetValue(json))
                await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, CliJson.Default.CheckReport));
            else
                Print(terminal.Tables(), report);
            return report.Ok ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static string Connection(string[] settings)
    {
        SluiceHostOptions options = new() { Settings = SettingArguments.Parse(settings) };
        return SluiceHost.Configuration(options)[Setting] is { Length: > 0 } given ? given : throw CommandFailedException.Usage($"{Setting} ({Variable}) is required.");
    }

    private static TimeSpan Seconds(string option, double seconds) =>
        seconds is >= 0.001 and <= 86_400 ? TimeSpan.FromSeconds(seconds) : throw CommandFailedException.Usage(string.Create(CultureInfo.InvariantCulture, $"{option}: must be 0.001 to 86400 seconds; it is {seconds}."));

    private static async Task<ClientLog?> ReadLogAsync(string? path, CancellationToken cancellationToken)
    {
        if (path is null)
            return null;
        try
        {
            using StreamReader reader = new(path);
            return await ClientLog.ReadAsync(reader, cancellationToken);
        }
        catch (FormatException fault)
        {
            throw CommandFailedException.Usage($"--client-log: {path}, {fault.Message}");
        }
    }

    private static async Task<CheckReport> RunAsync(CheckOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await JobCheck.RunAsync(options, cancellationToken);
        }
        catch (FormatException fault)
        {
            throw CommandFailedException.Usage($"{Setting} or --client-log: {fault.Message}");
        }
        catch (StoreUnavailableException fault)
        {
            throw new CommandFailedException(ExitCode.Unreachable, fault.Message, fault);
        }
        catch (DbException fault)
        {
            throw new CommandFailedException(ExitCode.Failed, fault.Message, fault);
        }
    }

    private static void Print(IAnsiConsole console, CheckReport report)
    {
        Table table = new() { Border = TableBorder.Minimal };
        table.AddColumns("", "invariant", "violations");
        foreach (InvariantReport invariant in report.Invariants)
        {
            string count = invariant.NotChecked.Count > 0 ? $"{invariant.Violations} (not all checked)" : invariant.Violations.ToString(CultureInfo.InvariantCulture);
            table.AddRow(invariant.Id, Markup.Escape(invariant.Says), Markup.Escape(count));
        }
        console.Write(table);
        foreach (InvariantReport invariant in report.Invariants)
        {
            foreach (RuleReport rule in invariant.Broken)
                console.WriteLine($"{invariant.Id} {rule.Rule}: {rule.Violations}, such as {string.Join(", ", rule.Examples)}");
            foreach (string rule in invariant.NotChecked)
                console.WriteLine($"{invariant.Id} not checked: {rule}");
        }
        string figures = report.Jobs is null ? "jobs: not counted" : string.Create(CultureInfo.InvariantCulture, $"{report.Jobs} jobs, {report.Live} live; {report.WastedCompute:P2} of all runs did not count");
        console.WriteLine($"{figures}{(report.Recovered is { } n ? $"; {n} unanswered submits had taken effect" : "")}.");
        console.WriteLine(report.Ok ? "All invariants hold." : "NOT all invariants hold.");
    }
}
