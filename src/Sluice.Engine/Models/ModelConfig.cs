using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>config.json and generation_config.json of a Hugging Face folder, checked.</summary>
public sealed record ModelConfig
{
    /// <summary>First of <c>architectures</c>.</summary>
    public required string Architecture { get; init; }

    public required int HiddenSize { get; init; }
    public required int Layers { get; init; }

    /// <summary>Query heads; a multiple of <see cref="KvHeads"/>.</summary>
    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    /// <summary>Elements per head, even; heads x this need not be the hidden size.</summary>
    public required int HeadDim { get; init; }

    public required int Intermediate { get; init; }
    public required int VocabularySize { get; init; }

    /// <summary>Most tokens of one sequence (<c>max_position_embeddings</c>).</summary>
    public required int ContextLength { get; init; }

    public required double RopeTheta { get; init; }
    public required RopeScaling RopeScaling { get; init; }
    public required float NormEps { get; init; }

    /// <summary>The output head is the embedding table.</summary>
    public required bool Tied { get; init; }

    /// <summary>Null where the model has none.</summary>
    public int? BosId { get; init; }

    /// <summary>Every id that ends generation: config.json's and generation_config.json's, each once.</summary>
    public IReadOnlyList<int> EosIds { get; init; } = [];

    /// <summary>What most weights are stored in (<c>torch_dtype</c> or <c>dtype</c>); tensors say their own.</summary>
    public required DataType DataType { get; init; }

    /// <summary>Weights, a tied table counted once.</summary>
    public long Parameters => ((Tied ? 1L : 2L) * VocabularySize * HiddenSize) + HiddenSize
        + (Layers * ((2L * HiddenSize) + (2L * HiddenSize * HeadDim * (Heads + KvHeads)) + (3L * HiddenSize * Intermediate)));

    /// <summary>Reads and checks the two files. Throws <see cref="ModelFormatException"/> naming file, field, expected and found.</summary>
    public static ModelConfig Read(string folder) => ModelConfigReader.Read(folder);
}
