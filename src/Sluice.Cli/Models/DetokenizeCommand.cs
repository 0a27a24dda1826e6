using System.CommandLine;
using Sluice.Engine.Tokens;

namespace Sluice.Cli.Models;

/// <summary><c>sluice model detokenize</c>: a JSON array of token ids per line in, their text as a JSON string per line out.</summary>
internal static class DetokenizeCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> folder = ModelCommands.FolderOption();
        Option<bool> skip = new("--skip-special") { Description = "Leave special tokens out of the text." };
        Command command = new("detokenize", "One JSON array of token ids per line in, their text as a JSON string per line out.") { folder, skip };
        command.SetAction((parse, cancellationToken) =>
        {
            Tokenizer tokenizer = Tokenizer.Load(parse.GetRequiredValue(folder));
            bool skipSpecial = parse.GetValue(skip);
            return LineConversation.RunAsync(
                terminal, line => JsonLine.WriteText(tokenizer.Decode(IdLine.Read(line, tokenizer.VocabularySize), skipSpecial)), cancellationToken);
        });
        return command;
    }
}
