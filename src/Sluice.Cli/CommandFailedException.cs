namespace Sluice.Cli;

/// <summary>A command cannot go on. The message is for the person at the terminal, the code for the script.</summary>
internal sealed class CommandFailedException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>One of <see cref="Cli.ExitCode"/>.</summary>
    public int ExitCode { get; } = exitCode;

    public static CommandFailedException Usage(string message) => new(Cli.ExitCode.WrongUsage, message);
}
