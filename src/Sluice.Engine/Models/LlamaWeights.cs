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
            Embedding = PackTable(EmbeddingName, config);
            Head = config.Tied ? Embedding : PackTable(HeadName, config);
            for (int layer = 0; layer < config.Layers; layer++)
                Blocks[layer] = TakeBlock($"model.layers.{layer}.", config);
            Norm = Vector("model.norm.weight", hidden);
            if (config.Tied && checkpoint.Has(HeadName))
                RequireSame(Table(HeadName, config), Table(EmbeddingName, config));
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

    /// <summary>Bytes of all of them, from the config alone.</summary>
    public static long PackedBytes(ModelConfig config, IBackend backend, WeightFormat format)
    {
        DataType type = config.DataType;
        int hidden = config.HiddenSize;
        long table = backend.PackedBytes(type, format.OfTable(), config.VocabularySize, hidden);
        long Linear(int rows, int columns) => backend.PackedBytes(type, format, rows, columns);
        long block = Linear(config.Heads * config.HeadDim, hidden) + (2 * Linear(config.KvHeads * config.HeadDim, hidden))
            + Linear(hidden, config.Heads * config.HeadDim) + (2 * Linear(config.Intermediate, hidden)) + Linear(hidden, config.Intermediate)
            + (2L * Matrix.Padded(hidden) * sizeof(float));
        return (table * (config.Tied ? 1 : 2)) + (block * config.Layers) + ((long)Matrix.Padded(hidden) * sizeof(float));
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
            owned.Dispose();
        _owned.Clear();
    }

    private Block TakeBlock(string prefix, ModelConfig config)
    {
        int hidden = config.HiddenSize;
        int queries = config.Heads * config.HeadDim;
        int keys = config.KvHeads * config.HeadDim;
        TensorView Linear(string name, int rows, int columns) => _checkpoint.Take(prefix + name + ".weight", rows, columns);
        return new Block(
            Vector(prefix + "input_layernorm.weight", hidden),
            Pack(Linear("self_attn.q_proj", queries, hidden), Linear("self_attn.k_proj", keys, hidden), Linear("self_attn.v_proj", keys, hidden)),
            Pack(Linear("self_attn.o_proj", hidden, queries)),
            Vector(prefix + "post_attention_layernorm.weight", hidden),
            Pack(Linear("mlp.gate_proj", config.Intermediate, hidden), Linear("mlp.up_proj", config.Intermediate, hidden)),
            Pack(Linear("mlp.down_proj", hidden, config.Intermediate)));
    }

    private TensorView Table(string name, ModelConfig config) => _checkpoint.Take(name, config.VocabularySize, config.HiddenSize);

    private WeightMatrix PackTable(string name, ModelConfig config)
    {
        WeightMatrix packed = _backend.Pack([Table(name, config)], _format.OfTable());
        _owned.Add(packed);
        _checkpoint.Forget();
        return packed;
    }

    private WeightMatrix Pack(params ReadOnlySpan<TensorView> parts)
    {
        WeightMatrix packed = _backend.Pack(parts, _format);
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

    private void RequireSame(TensorView head, TensorView embedding)
    {
        for (int row = 0; row < head.Rows; row++)
        {
            for (int i = 0; i < head.Columns; i++)
            {
                if (head[row, i] != embedding[row, i])
                    throw new ModelFormatException($"{_checkpoint.Files[0].Name}: tensor '{HeadName}': expected the embedding's values (tie_word_embeddings is true), found others at ({row}, {i})");
            }
        }

        _checkpoint.Forget();
    }

    /// <summary>One layer. Norms (hidden); Attention q, k, v side by side; FeedForward gate and up side by side.</summary>
    internal sealed record Block(
        NativeBuffer AttentionNorm, WeightMatrix Attention, WeightMatrix Output, NativeBuffer FeedForwardNorm, WeightMatrix FeedForward, WeightMatrix Down);
}
