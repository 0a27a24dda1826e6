using System.CommandLine;
using System.Data.Common;
using System.Net.Sockets;
using System.Text.Json;
using Sluice.Cli.Serve;
using Sluice.Migrations;
using Sluice.Service;

namespace Sluice.Cli.Migrate;

/// <summary><c>sluice migrate</c>: brings the database to the schema that this program knows, as the schema's owner.</summary>
internal static class MigrateCommand
{
    private const string Setting = "Store:AdminConnectionString";
    private const string Variable = "SLUICE__STORE__ADMINCONNECTIONSTRING";

    public static Command Create(Terminal terminal)
    {
        Option<bool> json = new("--json") { Description = "Print what was applied as one object." };
        Option<string[]> settings = new("--set") { Description = "Section:Name=value, any setting; may be repeated." };
        Command command = new("migrate", "Bring the database to this program's schema.") { json, settings };
        command.SetAction(async (parse, cancellationToken) =>
        {
            SluiceHostOptions options = new() { Settings = SettingArguments.Parse(parse.GetValue(settings) ?? []) };
            string connection = SluiceHost.Configuration(options)[Setting] is { Length: > 0 } given
                ? given
                : throw CommandFailedException.Usage($"{Setting} ({Variable}) is required: the connection of the schema's owner.");
            MigrationReport report = await ApplyAsync(connection, cancellationToken);
            if (parse.GetValue(json))
            {
                await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, CliJson.Default.MigrationReport));
                return ExitCode.Done;
            }
            foreach (string migration in report.Applied)
            {
                await terminal.Out.WriteLineAsync($"applied {migration}");
            }
            await terminal.Error.WriteLineAsync(report.Applied.Count == 0 ? $"Nothing to do: the schema stands at {report.Current}." : $"The schema stands at {report.Current}.");
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<MigrationReport> ApplyAsync(string connection, CancellationToken cancellationToken)
    {
        try
        {
            return await Migrator.ApplyAsync(connection, cancellationToken);
        }
        catch (DbException exception)
        {
            bool away = exception.InnerException is SocketException or TimeoutException or IOException;
            throw new CommandFailedException(away ? ExitCode.Unreachable : ExitCode.Failed, away ? $"the database cannot be reached: {exception.Message}" : exception.Message, exception);
        }
        catch (ArgumentException exception)
        {
            throw CommandFailedException.Usage($"{Setting}: {exception.Message}");
        }
    }
}
