using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Sluice.Cli.Keys;

/// <summary><c>sluice keys list</c>: never shows a secret, for none is stored.</summary>
internal static class ListCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<bool> json = new("--json") { Description = "Print one object." };
        Option<string[]> settings = KeysCommands.Settings();
        Command command = new("list", "List living keys, newest first.") { json, settings };
        command.SetAction(async (parse, cancellationToken) =>
        {
            IReadOnlyList<KeyReport> keys = await KeysCommands.WithKeysAsync<IReadOnlyList<KeyReport>>(
                parse.GetValue(settings), terminal.Time, async store => [.. (await store.ListAsync(cancellationToken)).Select(KeyReport.Of)]);
            if (parse.GetValue(json))
            {
                await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(new KeyList(keys), CliJson.Default.KeyList));
                return ExitCode.Done;
            }
            Table table = new Table().Border(TableBorder.None).AddColumns("id", "tenant", "scopes", "name", "created");
            foreach (KeyReport key in keys)
            {
                table.AddRow(Markup.Escape(key.Id), Markup.Escape(key.Tenant), string.Join(",", key.Scopes), Markup.Escape(key.Name ?? ""), key.CreatedAt);
            }
            terminal.Tables().Write(table);
            return ExitCode.Done;
        });
        return command;
    }
}
