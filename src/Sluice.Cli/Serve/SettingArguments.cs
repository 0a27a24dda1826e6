namespace Sluice.Cli.Serve;

/// <summary><c>--set Section:Name=value</c>.</summary>
internal static class SettingArguments
{
    /// <summary>Settings by path, the last of a name winning; wrong usage for what has no name or no value.</summary>
    public static Dictionary<string, string?> Parse(IEnumerable<string> arguments)
    {
        Dictionary<string, string?> settings = new(StringComparer.OrdinalIgnoreCase);
        foreach (string argument in arguments)
        {
            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                throw CommandFailedException.Usage($"--set: expected Section:Name=value, found '{argument}'.");
            }
            settings[argument[..equals]] = argument[(equals + 1)..];
        }
        return settings;
    }
}
