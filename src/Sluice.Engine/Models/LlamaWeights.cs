using Sluice.Engine.Backends;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>The packed weights of a Llama decoder.</summary>
internal sealed unsafe class LlamaWeights : IDisposable
{
    private const string EmbeddingName = "model.embed_tokens.weight", HeadName = "lm_head.weight";

    private readonly Checkpoint _checkpoint;
    private readonly IBackend _backend;
    private readonly WeightFormat _format;
    private readonly List<IDisposable> _owned = [];

    public LlamaWeights(Checkpoint checkpoint, ModelConfig config, IBackend backend, WeightFormat format)
    {
        _format = format;
        _checkpoint = checkpoint;
        _backend = backend;
        Blocks = new Block[config.Layers];
        try
        {
            int hidden = config.HiddenSize;
            if (config.Tied && checkpoint.Has(HeadName))
                RequireSame(Take(TablePart(HeadName, config)), Take(TablePart(EmbeddingName, config)));
            Embedding = Pack(format.OfTable(), TablePart(EmbeddingName, config));
            Head = config.Tied ? Embedding : Pack(format.OfTable(), TablePart(HeadName, config));
            for (int layer = 0; layer < config.Layers; layer++)
                Blocks[layer] = TakeBlock(Prefix(layer), config);
            Norm = Vector("model.norm.weight", hidden);
            checkpoint.RequireAllTaken();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public WeightMatrix Embedding { get; } // (vocabulary, hidden)
    public Block[] Blocks { get; } // (layers)
    public NativeBuffer Norm { get; } // (hidden)
    public WeightMatrix Head { get; } // (vocabulary, hidden)

    /// <summary>Bytes of all of them, from the config and the types that the files' headers name; a tensor that is missing counts as of the config's type.</summary>
    public static long PackedBytes(Checkpoint checkpoint, ModelConfig config, IBackend backend, WeightFormat format)
    {
        long Bytes(WeightFormat kept, params Part[] parts)
        {
            DataType type = StoredType(checkpoint, config, parts);
            return parts.Sum(part => backend.PackedBytes(type, kept, part.Rows, part.Columns));
        }

        long norm = (long)Matrix.Padded(config.HiddenSize) * sizeof(float);
        long bytes = norm + Bytes(format.OfTable(), TablePart(EmbeddingName, config));
        if (!config.Tied)
            bytes += Bytes(format.OfTable(), TablePart(HeadName, config));
        for (int layer = 0; layer < config.Layers; layer++)
        {
            string prefix = Prefix(layer);
            bytes += (2 * norm) + Bytes(format, AttentionParts(prefix, config)) + Bytes(format, OutputPart(prefix, config))
                + Bytes(format, FeedForwardParts(prefix, config)) + Bytes(format, DownPart(prefix, config));
        }

        return bytes;
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
            owned.Dispose();
        _owned.Clear();
    }

    private static string Prefix(int layer) => $"model.layers.{layer}.";

    private static Part TablePart(string name, ModelConfig config) => new(name, config.VocabularySize, config.HiddenSize);

    private static Part[] AttentionParts(string prefix, ModelConfig config) =>
    [
        new(prefix + "self_attn.q_proj.weight", config.Heads * config.HeadDim, config.HiddenSize),
        new(prefix + "self_attn.k_proj.weight", config.KvHeads * config.HeadDim, config.HiddenSize),
        new(prefix + "self_attn.v_proj.weight", config.KvHeads * config.HeadDim, config.HiddenSize),
    ];

    private static Part OutputPart(string prefix, ModelConfig config) =>
        new(prefix + "self_attn.o_proj.weight", config.HiddenSize, config.Heads * config.HeadDim);

    private static Part[] FeedForwardParts(string prefix, ModelConfig config) =>
    [
        new(prefix + "mlp.gate_proj.weight", config.Intermediate, config.HiddenSize),
        new(prefix + "mlp.up_proj.weight", config.Intermediate, config.HiddenSize),
    ];

    private static Part DownPart(string prefix, ModelConfig config) =>
        new(prefix + "mlp.down_proj.weight", config.HiddenSize, config.Intermediate);

    // Parts of different types are stored as float32, see IBackend.Pack.
    private static DataType StoredType(Checkpoint checkpoint, ModelConfig config, Part[] parts)
    {
        DataType type = checkpoint.TypeOf(parts[0].Name) ?? config.DataType;
        foreach (Part part in parts)
            type = (checkpoint.TypeOf(part.Name) ?? config.DataType) == type ? type : DataType.Float32;
        return type;
    }

    private Block TakeBlock(string prefix, ModelConfig config) => new(
        Vector(prefix + "input_layernorm.weight", config.HiddenSize),
        Pack(_format, AttentionParts(prefix, config)),
        Pack(_format, OutputPart(prefix, config)),
        Vector(prefix + "post_attention_layernorm.weight", config.HiddenSize),
        Pack(_format, FeedForwardParts(prefix, config)),
        Pack(_format, DownPart(prefix, config)));

    private TensorView Take(Part part) => _checkpoint.Take(part.Name, part.Rows, part.Columns);

    private WeightMatrix Pack(WeightFormat format, params Part[] parts)
    {
        WeightMatrix packed = _backend.Pack(Array.ConvertAll(parts, Take), format);
        _owned.Add(packed);
        _checkpoint.Forget();
        return packed;
    }

    private NativeBuffer Vector(string name, int length)
    {
        TensorView view = _checkpoint.Take(name, 0, length);
        NativeBuffer vector = new(Matrix.Padded(length) * sizeof(float));
        _owned.Add(vector);
        for (int i = 0; i < length; i++)
            vector.Floats[i] = view[0, i];
        _checkpoint.Forget();
        return vector;
    }

    // Before anything is packed: two tables as the files have them are no more than what packing one of them takes.
    private void RequireSame(TensorView head, TensorView embedding)
    {
        for (int row = 0; row < head.Rows; row++)
        {
            if (head.Type == embedding.Type && head.RowBytes(row).SequenceEqual(embedding.RowBytes(row)))
                continue;
            for (int i = 0; i < head.Columns; i++)
            {
                if (head[row, i] != embedding[row, i])
                    throw new ModelFormatException($"{_checkpoint.Files[0].Name}: tensor '{HeadName}': expected the embedding's values (tie_word_embeddings is true), found others at ({row}, {i})");
            }
        }

        _checkpoint.Forget();
    }

    /// <summary>A linear layer as the files name it, (rows, columns).</summary>
    private readonly record struct Part(string Name, int Rows, int Columns);

    /// <summary>One layer. Norms (hidden); Attention q, k, v side by side; FeedForward gate and up side by side.</summary>
    internal sealed record Block(
        NativeBuffer AttentionNorm, WeightMatrix Attention, WeightMatrix Output, NativeBuffer FeedForwardNorm, WeightMatrix FeedForward, WeightMatrix Down);
}
