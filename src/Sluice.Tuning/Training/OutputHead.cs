using System.Numerics;
using System.Numerics.Tensors;

namespace Sluice.Tuning.Training;

/// <summary>Final norm, the head tied to the embedding, and cross entropy, computed only for rows whose target counts.</summary>
internal sealed class OutputHead<T>(Parameters<T> parameters, int maxRows, int threads)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TrainingShape _shape = parameters.Shape;
    private readonly ParameterTensor _embedding = parameters["model.embed_tokens.weight"];
    private readonly ParameterTensor _norm = parameters["model.norm.weight"];
    private readonly T[] _kept = new T[maxRows * parameters.Shape.Hidden];
    private readonly T[] _normed = new T[maxRows * parameters.Shape.Hidden];
    private readonly T[] _dNormed = new T[maxRows * parameters.Shape.Hidden];
    private readonly T[] _dKept = new T[maxRows * parameters.Shape.Hidden];
    private readonly T[] _inverse = new T[maxRows];
    private readonly T[] _logits = new T[maxRows * parameters.Shape.Vocabulary];

    /// <summary>The loss; with <paramref name="learn"/>, adds to the gradients and to <paramref name="dx"/>.</summary>
    public double Run(TrainingBatch batch, T[] x, T[] dx, bool learn)
    {
        int hidden = _shape.Hidden, vocabulary = _shape.Vocabulary;
        int[] rows = [.. Enumerable.Range(0, batch.Rows).Where(row => batch.Weights[row] > 0)];
        double total = rows.Sum(row => (double)batch.Weights[row]);
        for (int i = 0; i < rows.Length; i++)
        {
            x.AsSpan(rows[i] * hidden, hidden).CopyTo(_kept.AsSpan(i * hidden));
        }
        ReadOnlySpan<T> weight = parameters.Values.AsSpan(_norm.Offset, hidden);
        RmsNorm<T>.Forward(_kept, weight, _normed, _inverse.AsSpan(0, rows.Length));
        Gemm<T>.Run(rows.Length, vocabulary, hidden, new(_normed, 0, hidden, false), new(parameters.Values, _embedding.Offset, hidden, true), _logits, 0, vocabulary, false, threads);
        double[] losses = new double[rows.Length];
        Workers.Run(threads, worker =>
        {
            for (int i = worker; i < rows.Length; i += threads)
            {
                Span<T> logits = _logits.AsSpan(i * vocabulary, vocabulary);
                int target = batch.Targets[rows[i]];
                double share = batch.Weights[rows[i]] / total;
                TensorPrimitives.Subtract(logits, TensorPrimitives.Max<T>(logits), logits);
                T chosen = logits[target];
                TensorPrimitives.Exp(logits, logits);
                T sum = TensorPrimitives.Sum<T>(logits);
                losses[i] = share * double.CreateChecked(T.Log(sum) - chosen);
                TensorPrimitives.Multiply(logits, T.CreateChecked(share) / sum, logits);
                logits[target] -= T.CreateChecked(share);
            }
        });
        if (learn)
        {
            Gemm<T>.Run(vocabulary, hidden, rows.Length, new(_logits, 0, vocabulary, true), new(_normed, 0, hidden, false), parameters.Gradients, _embedding.Offset, hidden, true, threads);
            Gemm<T>.Run(rows.Length, hidden, vocabulary, new(_logits, 0, vocabulary, false), new(parameters.Values, _embedding.Offset, hidden, false), _dNormed, 0, hidden, false, threads);
            Span<T> dKept = _dKept.AsSpan(0, rows.Length * hidden);
            dKept.Clear();
            RmsNorm<T>.Backward(_dNormed.AsSpan(0, rows.Length * hidden), _kept, weight, _inverse.AsSpan(0, rows.Length), dKept, parameters.Gradients.AsSpan(_norm.Offset, hidden));
            for (int i = 0; i < rows.Length; i++)
            {
                Span<T> target = dx.AsSpan(rows[i] * hidden, hidden);
                TensorPrimitives.Add(target, dKept.Slice(i * hidden, hidden), target);
            }
        }
        return losses.Sum();
    }
}
