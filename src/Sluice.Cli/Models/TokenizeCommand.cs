using System.CommandLine;
using Sluice.Engine.Tokens;

namespace Sluice.Cli.Models;

/// <summary><c>sluice model tokenize</c>: a JSON string per line in, a JSON array of its token ids per line out, no special tokens added.</summary>
internal static class TokenizeCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> folder = ModelCommands.FolderOption();
        Command command = new("tokenize", "One JSON string per line in, one JSON array of token ids per line out; no special tokens are added.") { folder };
        command.SetAction((parse, cancellationToken) =>
        {
            Tokenizer tokenizer = Tokenizer.Load(parse.GetRequiredValue(folder));
            return LineConversation.RunAsync(terminal, line => IdLine.Write(tokenizer.Encode(JsonLine.ReadText(line))), cancellationToken);
        });
        return command;
    }
}
