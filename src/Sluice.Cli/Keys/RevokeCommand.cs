using System.CommandLine;

namespace Sluice.Cli.Keys;

/// <summary><c>sluice keys revoke</c>: the key stops working as soon as no API process remembers it (seconds).</summary>
internal static class RevokeCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> id = new("id") { Description = "The key's id: the part between sk_ and the next underscore." };
        Option<string[]> settings = KeysCommands.Settings();
        Command command = new("revoke", "Revoke a key.") { id, settings };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string key = parse.GetValue(id)!;
            bool revoked = await KeysCommands.WithKeysAsync(parse.GetValue(settings), terminal.Time, keys => keys.RevokeAsync(key, cancellationToken));
            if (!revoked)
            {
                throw new CommandFailedException(ExitCode.Failed, $"there is no living key '{key}'.");
            }
            await terminal.Error.WriteLineAsync($"Key {key} is revoked.");
            return ExitCode.Done;
        });
        return command;
    }
}
