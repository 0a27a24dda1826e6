using System.CommandLine;

namespace Sluice.Cli.Models;

/// <summary><c>sluice model</c>: what needs a model folder and no service.</summary>
internal static class ModelCommands
{
    public static Command Create(Terminal terminal) => new("model", "Look into a model folder, try it, or write one.")
    {
        NewCommand.Create(terminal),
        InspectCommand.Create(terminal),
        TokenizeCommand.Create(terminal),
        DetokenizeCommand.Create(terminal),
        LogitsCommand.Create(terminal),
    };

    /// <summary><c>--model DIR</c>; a folder that is not there is wrong usage.</summary>
    public static Option<string> FolderOption()
    {
        Option<string> folder = new("--model") { Description = "Hugging Face model folder.", HelpName = "DIR", Required = true };
        folder.Validators.Add(result => Check(result.GetValueOrDefault<string?>(), "--model", result.AddError));
        return folder;
    }

    /// <summary>As <see cref="FolderOption"/>, as the first word.</summary>
    public static Argument<string> FolderArgument()
    {
        Argument<string> folder = new("DIR") { Description = "Hugging Face model folder." };
        folder.Validators.Add(result => Check(result.GetValueOrDefault<string?>(), "DIR", result.AddError));
        return folder;
    }

    private static void Check(string? path, string name, Action<string> addError)
    {
        if (!Directory.Exists(path)) addError($"{name}: expected a folder, found none at '{path}'.");
    }
}
