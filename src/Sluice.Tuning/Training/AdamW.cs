using System.Numerics.Tensors;

namespace Sluice.Tuning.Training;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), gradients clipped to a global norm; norms and the embedding do not decay.</summary>
internal sealed class AdamW(Parameters<float> parameters)
{
    private const double Beta1 = 0.9, Beta2 = 0.98, Epsilon = 1e-8, Decay = 0.05, ClipNorm = 1;
    private readonly float[] _first = new float[parameters.Values.Length];
    private readonly float[] _second = new float[parameters.Values.Length];
    private int _step;

    /// <summary>One update at <paramref name="rate"/>. Returns the gradients' norm before clipping.</summary>
    public double Update(double rate)
    {
        _step++;
        double norm = Math.Sqrt(TensorPrimitives.SumOfSquares<float>(parameters.Gradients));
        float clip = (float)(norm > ClipNorm ? ClipNorm / norm : 1);
        double scale = rate * Math.Sqrt(1 - Math.Pow(Beta2, _step)) / (1 - Math.Pow(Beta1, _step));
        foreach (ParameterTensor tensor in parameters.Tensors)
        {
            bool decays = tensor.Name.EndsWith("proj.weight", StringComparison.Ordinal);
            Span<float> value = parameters.Values.AsSpan(tensor.Offset, tensor.Length), gradient = parameters.Gradients.AsSpan(tensor.Offset, tensor.Length);
            Span<float> first = _first.AsSpan(tensor.Offset, tensor.Length), second = _second.AsSpan(tensor.Offset, tensor.Length);
            TensorPrimitives.Multiply(gradient, clip, gradient);
            TensorPrimitives.Lerp(first, gradient, (float)(1 - Beta1), first);
            TensorPrimitives.Multiply(gradient, gradient, gradient);
            TensorPrimitives.Lerp(second, gradient, (float)(1 - Beta2), second);
            TensorPrimitives.Sqrt(second, gradient);
            TensorPrimitives.Add(gradient, (float)Epsilon, gradient);
            TensorPrimitives.Divide(first, gradient, gradient);
            if (decays)
            {
                TensorPrimitives.Multiply(value, (float)(1 - (rate * Decay)), value);
            }
            TensorPrimitives.MultiplyAdd(gradient, (float)-scale, value, value);
        }
        return norm;
    }
}

/// <summary>Linear warm-up, then half a cosine down to a twentieth of the peak.</summary>
internal sealed record CosineSchedule(double Peak, int Warmup, int Steps)
{
    public double At(int step) => step < Warmup
        ? Peak * (step + 1) / Warmup
        : Peak * (0.05 + (0.95 * 0.5 * (1 + Math.Cos(Math.PI * (step - Warmup) / Math.Max(1, Steps - Warmup)))));
}
