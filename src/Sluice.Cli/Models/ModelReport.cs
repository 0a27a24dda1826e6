using Sluice.Engine.Models;
using Sluice.Engine.Sequences;

namespace Sluice.Cli.Models;

/// <summary>What <c>sluice model inspect --json</c> prints.</summary>
/// <param name="Bytes">Bytes of weights by element type, lower case (<c>bf16</c>).</param>
internal sealed record ModelReport(
    string Architecture, long Parameters, int Tensors, IReadOnlyDictionary<string, long> Bytes, int Layers, int HiddenSize, int IntermediateSize,
    int Heads, int KvHeads, int HeadDim, int Vocabulary, bool Tied, int ContextLength, KvReport Kv)
{
    public static ModelReport Of(ModelSummary summary, long kvBytes)
    {
        ModelConfig config = summary.Config;
        long tokens = summary.KvTokens(kvBytes);
        return new(
            config.Architecture, config.Parameters, summary.Tensors, summary.BytesByType.ToDictionary(b => b.Key.ToLowerInvariant(), b => b.Value),
            config.Layers, config.HiddenSize, config.Intermediate, config.Heads, config.KvHeads, config.HeadDim, config.VocabularySize, config.Tied,
            config.ContextLength, new(kvBytes, summary.KvBytesPerPage, tokens / StepPlan.PageTokens, tokens, tokens / config.ContextLength));
    }
}

/// <summary>What a budget holds.</summary>
/// <param name="FullContexts">Sequences of the model's whole context that fit at once.</param>
internal sealed record KvReport(long Bytes, long BytesPerPage, long Pages, long Tokens, long FullContexts);
