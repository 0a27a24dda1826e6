using Sluice.Engine.Backends;
using Sluice.Engine.Sequences;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>What a model folder holds, from its config and the headers of its weight files; no weight is read.</summary>
/// <param name="Config">Checked.</param>
/// <param name="Tensors">Number of tensors in the files.</param>
/// <param name="BytesByType">Bytes of weights by the element type that the files name (<c>BF16</c>).</param>
/// <param name="KvBytesPerPage">Keys and values of 16 tokens in all layers.</param>
public sealed record ModelSummary(ModelConfig Config, int Tensors, IReadOnlyDictionary<string, long> BytesByType, long KvBytesPerPage)
{
    /// <summary>Tokens whose keys and values fit into that many bytes: whole pages only.</summary>
    public long KvTokens(long bytes) => bytes / KvBytesPerPage * StepPlan.PageTokens;

    /// <summary>Throws <see cref="ModelFormatException"/> naming file, field, expected and found.</summary>
    public static ModelSummary Read(string folder)
    {
        ModelConfig config = ModelConfig.Read(folder);
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        SortedDictionary<string, long> bytes = new(StringComparer.Ordinal);
        foreach (SafetensorsEntry entry in checkpoint.Entries)
        {
            bytes[entry.Type] = bytes.GetValueOrDefault(entry.Type) + entry.End - entry.Begin;
        }

        return new ModelSummary(config, checkpoint.Entries.Count(), bytes, KvPages.BytesPerPage(config.Layers, config.KvHeads, config.HeadDim));
    }
}
