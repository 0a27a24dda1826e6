using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Data.Common;
using System.Text;
using Microsoft.Extensions.Options;
using Sluice.Cli.Serve;
using Sluice.Engine.Tokens;
using Sluice.Engine.Weights;
using Sluice.Service;
using Sluice.Store;

namespace Sluice.Cli;

/// <summary>Parses, runs and turns what went wrong into one line on the error stream and an exit code.</summary>
internal static class CommandLine
{
    private const string UndefinedTable = "42P01";

    /// <summary>What the framework's binder says of a value of the wrong type, and goes on to name setting and value.</summary>
    private const string Unreadable = "Failed to convert configuration value";

    public static async Task<int> RunAsync(RootCommand root, string[] args, Terminal terminal, CancellationToken cancellationToken)
    {
        ParseResult parse = root.Parse(args);
        if (parse.Action is ParseErrorAction)
        {
            foreach (string message in parse.Errors.Select(e => e.Message).Distinct()) await terminal.Error.WriteLineAsync($"sluice: {message}");
            await terminal.Error.WriteLineAsync($"Try '{PathOf(parse)} --help'.");
            return ExitCode.WrongUsage;
        }

        InvocationConfiguration configuration = new() { Output = terminal.Out, Error = terminal.Error, EnableDefaultExceptionHandler = false };
        if (parse.CommandResult.Command.Name == ServeCommand.Name) configuration.ProcessTerminationTimeout = null; // it minds signals itself
        try
        {
            return await parse.InvokeAsync(configuration, cancellationToken);
        }
        catch (Exception exception)
        {
            (int code, string message) = Explain(exception);
            await terminal.Error.WriteLineAsync($"sluice: {message}");
            return code;
        }
        finally
        {
            await terminal.Out.FlushAsync(CancellationToken.None);
        }
    }

    private static (int Code, string Message) Explain(Exception exception) => exception switch
    {
        CommandFailedException failed => (failed.ExitCode, failed.Message),
        ModelFormatException or TokenizerFormatException or InsufficientMemoryException or StoreUnfitException => (ExitCode.Failed, exception.Message),
        OptionsValidationException invalid => (ExitCode.WrongUsage, string.Join(Environment.NewLine, invalid.Failures)),
        DecoderFallbackException => (ExitCode.WrongUsage, "standard input: expected UTF-8, found other bytes."),
        SettingException => (ExitCode.WrongUsage, exception.Message),
        AggregateException { InnerExceptions: var all } when all.All(inner => inner is OptionsValidationException) => (ExitCode.WrongUsage, string.Join(Environment.NewLine, all.Select(inner => Explain(inner).Message))),
        InvalidOperationException when exception.Message.StartsWith(Unreadable, StringComparison.Ordinal) => (ExitCode.WrongUsage, exception.Message),
        StoreUnavailableException or HttpRequestException => (ExitCode.Unreachable, exception.Message),
        DbException { SqlState: UndefinedTable } => (ExitCode.Failed, "the database lacks the schema of this program. Run `sluice migrate`."),
        OperationCanceledException => (ExitCode.Failed, "cancelled"),
        IOException or UnauthorizedAccessException or InvalidDataException => (ExitCode.Failed, exception.Message),
        _ => (ExitCode.Failed, exception.ToString()),
    };

    private static string PathOf(ParseResult parse)
    {
        string path = "";
        for (SymbolResult? at = parse.CommandResult; at is CommandResult command; at = at.Parent) path = $"{command.Command.Name} {path}";
        return path.TrimEnd();
    }
}
