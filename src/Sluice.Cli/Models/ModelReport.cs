using Sluice.Engine.Models;

namespace Sluice.Cli.Models;

/// <summary>What <c>sluice model inspect --json</c> prints.</summary>
/// <param name="Parameters">Elements of all tensors.</param>
/// <param name="Bytes">Bytes of tensors by element type, lower case (<c>bf16</c>).</param>
/// <param name="Backend">What would run the model here.</param>
/// <param name="Refusal">What the host answered where it refused kernels assembled at start; null where it did not.</param>
internal sealed record ModelReport(
    string Architecture, long Parameters, int Tensors, int Files, long FileBytes, IReadOnlyDictionary<string, long> Bytes, int Layers, int HiddenSize,
    int IntermediateSize, int Heads, int KvHeads, int HeadDim, int Vocabulary, bool Tied, int ContextLength, string Backend, KvReport Kv, MemoryReport Memory, string? Refusal)
{
    public static ModelReport Of(ModelInspection model, long kvBytes)
    {
        ModelConfig config = model.Config;
        return new(
            config.Architecture, model.Parameters, model.Tensors, model.Files, model.FileBytes,
            model.BytesByType.ToDictionary(b => b.Key.ToLowerInvariant(), b => b.Value), config.Layers, config.HiddenSize, config.Intermediate,
            config.Heads, config.KvHeads, config.HeadDim, config.VocabularySize, config.Tied, config.ContextLength, model.Backend,
            new(kvBytes, model.Memory.KvBytesPerPage, model.Memory.Pages, model.KvTokens, model.KvTokens / config.ContextLength),
            new(model.Memory.WeightBytes, model.Memory.ArenaBytes, model.Memory.RuntimeBytes), model.Refusal);
    }
}

/// <summary>What a budget holds.</summary>
/// <param name="FullContexts">Sequences of the model's whole context that fit at once.</param>
internal sealed record KvReport(long Bytes, long BytesPerPage, long Pages, long Tokens, long FullContexts);

/// <summary>Bytes that the loaded model takes besides its keys and values.</summary>
/// <param name="Runtime">An estimate: code, stacks, heap, tokenizer.</param>
internal sealed record MemoryReport(long Weights, long Arena, long Runtime);
