using Sluice.Engine;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Speculation;
using Sluice.Engine.Tokens;
using Sluice.Service.Files;

namespace Sluice.Service.Models;

/// <summary>Reads what intake needs of a Hugging Face folder: configuration, tokenizer and chat template, not the weights (they are only hashed).</summary>
internal static class ModelFolder
{
    /// <summary>Throws the engine's format exceptions, naming file and field, for a folder that it would not load.</summary>
    public static ServedModel Load(
        string name, string path, TimeProvider time, WeightFormat weights = WeightFormat.Stored, SpeculationOptions? speculation = null, KvFormat kv = KvFormat.BFloat16) =>
        Load(name, path, ModelRevision.Compute(path, weights, kv), time, weights, speculation, kv);

    /// <summary>As <see cref="Load(string, string, TimeProvider, WeightFormat, SpeculationOptions, KvFormat)"/>, for who knows the revision already: the weights are not read.</summary>
    public static ServedModel Load(
        string name, string path, string revision, TimeProvider time, WeightFormat weights = WeightFormat.Stored, SpeculationOptions? speculation = null, KvFormat kv = KvFormat.BFloat16)
    {
        ModelConfig config = ModelConfig.Read(path);
        Tokenizer tokenizer = Tokenizer.Load(path);
        if (speculation?.DraftFolder is { } draft)
        {
            DraftPair.RequireSameTokens(path, tokenizer, draft);
        }
        FolderTemplate template = FolderTemplate.Load(path);
        int? begin = tokenizer.AddBos ? tokenizer.BosId : null;
        return new ServedModel
        {
            Name = name,
            Path = path,
            Revision = revision,
            Weights = weights,
            Speculation = speculation ?? new SpeculationOptions(),
            Kv = kv,
            ContextLength = config.ContextLength,
            VocabularySize = config.VocabularySize,
            Tokenizer = tokenizer,
            Template = template.Template is { } found ? new ServedTemplate(found, tokenizer, time) : null,
            TemplateFault = template.Fault,
            EncodePrompt = text => begin is int id ? [id, .. tokenizer.Encode(text)] : tokenizer.Encode(text),
            EncodeChoice = tokenizer.EncodeContinuation,
        };
    }
}
