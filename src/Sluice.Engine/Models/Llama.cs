using Sluice.Engine.Backends;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Models;

/// <summary>
/// LlamaForCausalLM: x += attention(norm(x)); x += down(silu(gate) x up of norm(x)); a last norm; the head. The last addition of a layer, the next
/// norm and the form that the product after it reads are one pass; so are the activation and its form.
/// </summary>
internal sealed unsafe class Llama
{
    private readonly ModelConfig _config;
    private readonly IBackend _backend;
    private readonly LlamaWeights _weights;
    private readonly Rope _rope;
    private readonly Matrix _residual; // (rows, hidden)
    private readonly Matrix _normed; // (rows, hidden)
    private readonly Matrix _delta; // (rows, hidden)
    private readonly Matrix _qkv; // (rows, q + k + v)
    private readonly Matrix _attended; // (rows, heads x head_dim)
    private readonly Matrix _gateUp; // (rows, gate + up)

    public Llama(ModelConfig config, IBackend backend, LlamaWeights weights, Arena arena, int maxRows)
    {
        _config = config;
        _backend = backend;
        _weights = weights;
        _rope = new Rope(config);
        _residual = arena.Take(maxRows, config.HiddenSize);
        _normed = arena.Take(maxRows, config.HiddenSize);
        _delta = arena.Take(maxRows, config.HiddenSize);
        _qkv = arena.Take(maxRows, QkvColumns(config));
        _attended = arena.Take(maxRows, config.Heads * config.HeadDim);
        _gateUp = arena.Take(maxRows, GateUpColumns(config));
    }

    public static long ArenaBytes(ModelConfig config, int maxRows) =>
        (3 * Arena.BytesOf(maxRows, config.HiddenSize)) + Arena.BytesOf(maxRows, QkvColumns(config))
        + Arena.BytesOf(maxRows, config.Heads * config.HeadDim) + Arena.BytesOf(maxRows, GateUpColumns(config));

    /// <summary>Hidden states of the step's rows after the final norm, (rows, hidden); keys and values are in their pages.</summary>
    public Matrix Run(StepLayout step, KvPages pages)
    {
        _rope.Fill(step);
        Matrix residual = _residual.Top(step.Rows);
        Matrix normed = _normed.Top(step.Rows);
        Matrix delta = _delta.Top(step.Rows);
        _backend.Embed(step.Tokens, _weights.Embedding, residual);
        for (int layer = 0; layer < _config.Layers; layer++)
        {
            LlamaWeights.Block block = _weights.Blocks[layer];
            if (layer == 0)
                _backend.RmsNorm(residual, block.AttentionNorm.Floats, _config.NormEps, normed, block.Attention);
            else
                _backend.AddRmsNorm(residual, delta, block.AttentionNorm.Floats, _config.NormEps, normed, block.Attention);
            Attention(step, pages, layer, block, normed, delta);
            _backend.AddRmsNorm(residual, delta, block.FeedForwardNorm.Floats, _config.NormEps, normed, block.FeedForward);
            FeedForward(block, normed, delta);
        }

        _backend.AddRmsNorm(residual, delta, _weights.Norm.Floats, _config.NormEps, normed);
        return normed;
    }

    /// <summary>(rows, hidden) after the final norm to (the first rows, vocabulary), and the largest logit of each row after those.</summary>
    public void Head(Matrix hidden, Matrix logits, TopLogit* largest) => _backend.Head(hidden, _weights.Head, logits, largest);

    private void Attention(StepLayout step, KvPages pages, int layer, LlamaWeights.Block block, Matrix x, Matrix y)
    {
        WeightMatrix weights = block.Attention;
        Matrix qkv = _qkv.Top(step.Rows);
        _backend.MatMul(x, weights, qkv, prepared: true);
        Matrix queries = qkv.Slice(weights.Offset(0), weights.Size(0));
        _backend.RotateAndStore(step, queries, qkv.Slice(weights.Offset(1), weights.Size(1)), qkv.Slice(weights.Offset(2), weights.Size(2)), pages, layer);
        Matrix attended = _attended.Top(step.Rows);
        _backend.Attend(step, queries, pages, layer, attended);
        _backend.MatMul(attended, block.Output, y);
    }

    private void FeedForward(LlamaWeights.Block block, Matrix x, Matrix y)
    {
        WeightMatrix weights = block.FeedForward;
        Matrix gateUp = _gateUp.Top(x.Rows);
        _backend.MatMul(x, weights, gateUp, prepared: true);
        Matrix gate = gateUp.Slice(weights.Offset(0), weights.Size(0));
        _backend.SiluMultiply(gate, gateUp.Slice(weights.Offset(1), weights.Size(1)), gate, block.Down);
        _backend.MatMul(gate, block.Down, y, prepared: true);
    }

    private static int QkvColumns(ModelConfig config) =>
        Matrix.Padded(config.Heads * config.HeadDim) + (2 * Matrix.Padded(config.KvHeads * config.HeadDim));

    private static int GateUpColumns(ModelConfig config) => 2 * Matrix.Padded(config.Intermediate);
}
