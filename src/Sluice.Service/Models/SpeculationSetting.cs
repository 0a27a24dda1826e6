using Sluice.Engine;

namespace Sluice.Service.Models;

/// <summary><c>Models:N:Speculation</c> and <c>Models:N:Draft</c>: who guesses ahead.</summary>
internal static class SpeculationSetting
{
    public const string Off = "off", Ngram = "ngram", Draft = "draft";

    public static readonly string[] Names = [Off, Ngram, Draft];

    /// <summary>Of an entry that is valid.</summary>
    public static SpeculationOptions Read(ModelEntry entry) => (entry.Speculation ?? Off) switch
    {
        Ngram => new SpeculationOptions { Kind = SpeculationKind.PromptLookup },
        Draft => new SpeculationOptions { Kind = SpeculationKind.DraftModel, DraftFolder = Path.GetFullPath(entry.Draft!) },
        _ => new SpeculationOptions(),
    };

    /// <summary>What is wrong with the entry at this place of the list; the files are not read.</summary>
    public static IEnumerable<string> Faults(ModelEntry entry, int index)
    {
        if (entry.Speculation is { } name && !Names.Contains(name))
        {
            yield return $"Models:{index}:Speculation must be one of {string.Join(", ", Names)}; got '{name}'.";
        }
        else if (entry.Speculation == Draft && string.IsNullOrWhiteSpace(entry.Draft))
        {
            yield return $"Models:{index}:Draft is required where Models:{index}:Speculation is '{Draft}': the folder of the small model.";
        }
        else if (entry.Speculation != Draft && entry.Draft is not null)
        {
            yield return $"Models:{index}:Draft '{entry.Draft}' is only for Models:{index}:Speculation '{Draft}'; got '{entry.Speculation ?? Off}'.";
        }
        else if (entry.Draft is not null && !Directory.Exists(entry.Draft))
        {
            yield return $"Models:{index}:Draft '{entry.Draft}' is no folder.";
        }
    }
}
