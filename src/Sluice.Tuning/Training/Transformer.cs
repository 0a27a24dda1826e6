using System.Numerics;
using System.Numerics.Tensors;

namespace Sluice.Tuning.Training;

/// <summary>The loss of a Llama on a batch, and with it the gradient of every weight.</summary>
internal sealed class Transformer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Parameters<T> _parameters;
    private readonly TrainingShape _shape;
    private readonly DecoderLayer<T>[] _layers;
    private readonly T[] _final; // (rows, hidden): the last layer's output
    private readonly T[] _gradient; // (rows, hidden)
    private readonly OutputHead<T> _head;

    public Transformer(Parameters<T> parameters, int maxSequences, int maxLength, int threads)
    {
        _parameters = parameters;
        _shape = parameters.Shape;
        int rows = maxSequences * maxLength;
        LayerScratch<T> scratch = new(_shape, rows);
        Rotary<T> rotary = new(_shape);
        _layers = [.. Enumerable.Range(0, _shape.Layers).Select(i => new DecoderLayer<T>(parameters, i, rotary, scratch, maxSequences, maxLength, threads))];
        _final = new T[rows * _shape.Hidden];
        _gradient = new T[rows * _shape.Hidden];
        _head = new OutputHead<T>(parameters, rows, threads);
    }

    /// <summary>Mean weighted cross entropy in nats. With <paramref name="learn"/> the gradients of <see cref="Parameters{T}"/> are overwritten.</summary>
    public double Run(TrainingBatch batch, bool learn)
    {
        if (learn)
        {
            _parameters.Gradients.AsSpan().Clear();
        }
        ParameterTensor embedding = _parameters["model.embed_tokens.weight"];
        T[] x = _layers.Length > 0 ? _layers[0].Input : _final;
        for (int row = 0; row < batch.Rows; row++)
        {
            _parameters.Values.AsSpan(embedding.Offset + (batch.Tokens[row] * _shape.Hidden), _shape.Hidden).CopyTo(x.AsSpan(row * _shape.Hidden));
        }
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer].Forward(batch, layer + 1 < _layers.Length ? _layers[layer + 1].Input : _final);
        }
        Span<T> gradient = _gradient.AsSpan(0, batch.Rows * _shape.Hidden);
        gradient.Clear();
        double loss = _head.Run(batch, _final, _gradient, learn);
        if (!learn)
        {
            return loss;
        }
        for (int layer = _layers.Length - 1; layer >= 0; layer--)
        {
            _layers[layer].Backward(batch, _gradient);
        }
        for (int row = 0; row < batch.Rows; row++)
        {
            Span<T> target = _parameters.Gradients.AsSpan(embedding.Offset + (batch.Tokens[row] * _shape.Hidden), _shape.Hidden);
            TensorPrimitives.Add(target, gradient.Slice(row * _shape.Hidden, _shape.Hidden), target);
        }
        return loss;
    }
}
