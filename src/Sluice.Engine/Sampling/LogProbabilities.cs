using System.Numerics.Tensors;

namespace Sluice.Engine.Sampling;

/// <summary>Natural-log probabilities of one row of logits: logit − max − ln Σ exp(logit − max). NaN counts as minus infinity.</summary>
internal sealed class LogProbabilities(int vocabulary)
{
    private readonly float[] _shifted = new float[vocabulary]; // (vocabulary)

    /// <summary>Lowest id of the largest logit. Throws <see cref="InvalidOperationException"/> when no logit is a finite number.</summary>
    /// <param name="logits">(vocabulary)</param>
    public static int ArgMax(ReadOnlySpan<float> logits) => logits.IndexOf(Largest(logits));

    /// <summary>ln Σ exp(logit): what is subtracted from a logit to make it a log-probability. The sum is kept in double.</summary>
    /// <param name="logits">(vocabulary)</param>
    public double Normalizer(ReadOnlySpan<float> logits)
    {
        float max = Largest(logits);
        Span<float> shifted = _shifted.AsSpan(0, logits.Length);
        TensorPrimitives.Subtract(logits, max, shifted);
        TensorPrimitives.Exp(shifted, shifted);
        double sum = WideSum.Of(shifted);
        return max + Math.Log(double.IsNaN(sum) ? SumOfNumbers(shifted) : sum);
    }

    /// <summary>Fills in the likeliest tokens, likeliest first, ties to the lowest id.</summary>
    /// <param name="logits">(vocabulary)</param>
    /// <param name="normalizer">Of the same row.</param>
    /// <param name="top">(alternatives wanted, at most the vocabulary)</param>
    public static void Top(ReadOnlySpan<float> logits, double normalizer, Span<(int Id, float Logprob)> top)
    {
        int filled = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            float logit = logits[id];
            if (float.IsNaN(logit) || (filled == top.Length && (filled == 0 || logit <= top[^1].Logprob)))
                continue;
            int at = filled < top.Length ? filled++ : top.Length - 1;
            for (; at > 0 && logit > top[at - 1].Logprob; at--)
                top[at] = top[at - 1];
            top[at] = (id, logit);
        }

        for (int i = 0; i < top.Length; i++)
            top[i] = i < filled ? (top[i].Id, (float)(top[i].Logprob - normalizer)) : (-1, float.NegativeInfinity);
    }

    /// <summary>Throws <see cref="InvalidOperationException"/> where the largest logit of a row is no finite number.</summary>
    public static float RequireFinite(float largest) =>
        float.IsFinite(largest) ? largest : throw new InvalidOperationException($"The model gave no finite largest logit for this token (largest: {largest}).");

    private static double SumOfNumbers(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
            sum += float.IsNaN(value) ? 0 : value;
        return sum;
    }

    private static float Largest(ReadOnlySpan<float> logits)
    {
        float max = TensorPrimitives.Max(logits); // NaN where there is one
        if (float.IsNaN(max))
        {
            max = float.NegativeInfinity;
            foreach (float logit in logits)
                max = logit > max ? logit : max;
        }

        return RequireFinite(max);
    }
}
