using Sluice.Engine.Models;
using Sluice.Engine.Tokens;

namespace Sluice.Engine.Speculation;

/// <summary>A model and the small one that drafts for it: within one budget, of the same tokens.</summary>
public static class DraftPair
{
    /// <summary>The options of both: as many KV pages each as fit together into the bytes that the model's options give to one.</summary>
    /// <exception cref="ArgumentException">The two speak different tokens, or not a page of each fits.</exception>
    /// <exception cref="InsufficientMemoryException">The two together do not fit.</exception>
    internal static (ModelOptions Target, ModelOptions Draft) Share(string folder, Tokenizer tokens, string draftFolder, ModelOptions options)
    {
        RequireSameTokens(folder, tokens, draftFolder);
        MemoryPlan target = ModelInspection.Read(folder, options).Memory;
        MemoryPlan draft = ModelInspection.Read(draftFolder, options with { KvBytes = long.MaxValue, MaxSequences = 1 }).Memory;
        long pages = options.KvBytes / (target.KvBytesPerPage + draft.KvBytesPerPage);
        if (pages < 1)
            throw new ArgumentException($"{nameof(options.KvBytes)}: expected at least one page each of {target.KvBytesPerPage} and {draft.KvBytesPerPage} bytes, found {options.KvBytes}");
        ModelOptions small = options with { KvBytes = pages * draft.KvBytesPerPage, MaxOutputs = options.MaxSequences, Around = null };
        long drafting = draft.WeightBytes + small.KvBytes + ModelInspection.Read(draftFolder, small).Memory.ArenaBytes;
        long limit = options.MemoryLimit ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        ModelOptions large = options with { KvBytes = pages * target.KvBytesPerPage, MemoryLimit = Math.Max(0, limit - drafting) };
        return (large, small);
    }

    /// <summary>Ids mean the same to both.</summary>
    /// <param name="folder">Of the model.</param>
    /// <param name="tokens">Its tokenizer.</param>
    /// <param name="draftFolder">Of the small one.</param>
    /// <exception cref="ArgumentException">They do not; both folders are named.</exception>
    public static void RequireSameTokens(string folder, Tokenizer tokens, string draftFolder)
    {
        int own = ModelConfig.Read(folder).VocabularySize;
        int other = ModelConfig.Read(draftFolder).VocabularySize;
        if (own != other)
            throw new ArgumentException($"Draft model: expected the vocabulary of '{folder}' ({own} tokens), found that of '{draftFolder}' ({other} tokens).");
        Tokenizer others = Tokenizer.Load(draftFolder);
        for (int id = 0; id < own; id++)
        {
            if (!tokens.TokenBytes(id).SequenceEqual(others.TokenBytes(id)))
            {
                throw new ArgumentException(
                    $"Draft model: expected the tokens of '{folder}', found others in '{draftFolder}': {id} is '{tokens.Decode([id], false)}' there and '{others.Decode([id], false)}' here.");
            }
        }
    }
}
