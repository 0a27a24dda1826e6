using Microsoft.Extensions.Options;
using Sluice.Engine.Quantization;

namespace Sluice.Service.Models;

/// <summary>Names are slugs and each is given once; every entry has a folder.</summary>
internal sealed class ModelsOptionsValidator : IValidateOptions<ModelsOptions>
{
    public ValidateOptionsResult Validate(string? name, ModelsOptions options)
    {
        List<string> faults = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < options.Models.Count; i++)
        {
            ModelEntry entry = options.Models[i];
            if (entry.Dtype is not null && !WeightFormats.Names.Contains(entry.Dtype))
            {
                faults.Add($"Models:{i}:Dtype must be one of {string.Join(", ", WeightFormats.Names)}; got '{entry.Dtype}'.");
            }
            if (entry.KvDtype is not null && !KvFormats.Names.Contains(entry.KvDtype))
            {
                faults.Add($"Models:{i}:KvDtype must be one of {string.Join(", ", KvFormats.Names)}; got '{entry.KvDtype}'.");
            }
            faults.AddRange(SpeculationSetting.Faults(entry, i));
            if (string.IsNullOrWhiteSpace(entry.Path))
            {
                faults.Add($"Models:{i}:Path is required.");
                continue;
            }
            string slug = entry.Name ?? ModelSlug.FromPath(entry.Path);
            if (!ModelSlug.IsValid(slug))
            {
                faults.Add($"Models:{i}:Name must match {ModelSlug.Rule}; got '{slug}'{(entry.Name is null ? $" from the folder's name '{entry.Path}'; give NAME=PATH" : "")}.");
            }
            else if (!seen.Add(slug))
            {
                faults.Add($"Models:{i}:Name '{slug}' is given twice.");
            }
            if (!Directory.Exists(entry.Path))
            {
                faults.Add($"Models:{i}:Path '{entry.Path}' is no folder.");
            }
        }
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
