using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Service.Access;
using Sluice.Store;

namespace Sluice.Cli.Keys;

/// <summary><c>sluice keys create</c>: the only time that a key is shown.</summary>
internal static partial class CreateCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> tenant = new("--tenant") { Description = "Whose key it is; the tenant is made where it is new.", DefaultValueFactory = _ => "default" };
        Option<string> scopes = new("--scopes") { Description = "What it may do, separated by commas: submit, read, admin.", DefaultValueFactory = _ => "submit,read" };
        Option<string?> name = new("--name") { Description = "A word to know it by." };
        Option<bool> json = new("--json") { Description = "Print the key as one object." };
        Option<string[]> settings = KeysCommands.Settings();
        Command command = new("create", "Make a key and show it once.") { tenant, scopes, name, json, settings };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string owner = parse.GetValue(tenant)!;
            if (!TenantRule().IsMatch(owner))
            {
                throw CommandFailedException.Usage($"--tenant: must be a lower-case letter or digit and up to 62 letters, digits, '.', '_' or '-'; found '{owner}'.");
            }
            (string text, ApiKey key) = ApiKeyText.Create(owner, ReadScopes(parse.GetValue(scopes)!), parse.GetValue(name), terminal.Time.GetUtcNow());
            await KeysCommands.WithKeysAsync(parse.GetValue(settings), terminal.Time, async keys =>
            {
                await keys.AddAsync(key, cancellationToken);
                return true;
            });
            await terminal.Out.WriteLineAsync(parse.GetValue(json) ? JsonSerializer.Serialize(KeyReport.Of(key) with { Key = text }, CliJson.Default.KeyReport) : text);
            return ExitCode.Done;
        });
        return command;
    }

    private static KeyScopes ReadScopes(string text)
    {
        KeyScopes scopes = KeyScopes.None;
        foreach (string name in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            scopes |= name switch
            {
                "submit" => KeyScopes.Submit,
                "read" => KeyScopes.Read,
                "admin" => KeyScopes.Admin,
                _ => throw CommandFailedException.Usage($"--scopes: expected submit, read or admin, found '{name}'."),
            };
        }
        return scopes != KeyScopes.None ? scopes : throw CommandFailedException.Usage("--scopes: none is given.");
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,62}\z")]
    private static partial Regex TenantRule();
}
