using System.Text;

namespace Sluice.Cli.Models;

/// <summary>One line in, one line out, flushed at once, so that a program can talk with the command.</summary>
internal static class LineConversation
{
    /// <summary>
    /// Answers every line of the input until its end. What <paramref name="answer"/> refuses with <see cref="FormatException"/> ends the conversation
    /// as wrong usage, naming the line; what was answered before stands.
    /// </summary>
    public static async Task<int> RunAsync(Terminal terminal, Func<string, string> answer, CancellationToken cancellationToken)
    {
        for (long number = 1; ; number++)
        {
            try
            {
                if (await terminal.In.ReadLineAsync(cancellationToken) is not { } line) return ExitCode.Done;
                await terminal.Out.WriteLineAsync(answer(line).AsMemory(), cancellationToken);
            }
            catch (FormatException error)
            {
                throw CommandFailedException.Usage($"line {number}: {error.Message}");
            }
            catch (DecoderFallbackException)
            {
                throw CommandFailedException.Usage($"line {number} or soon after: expected UTF-8, found bytes that are none.");
            }
            await terminal.Out.FlushAsync(cancellationToken);
        }
    }
}
