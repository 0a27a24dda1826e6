using System.Numerics;

namespace Sluice.Tuning.Training;

/// <summary>Rotary positions in the half-split order of Hugging Face's Llama: component i turns with component i + d/2.</summary>
internal sealed class Rotary<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _cos; // (context, head_dim / 2)
    private readonly T[] _sin;
    private readonly int _half;

    public Rotary(TrainingShape shape)
    {
        _half = shape.HeadDim / 2;
        _cos = new T[shape.Context * _half];
        _sin = new T[shape.Context * _half];
        for (int i = 0; i < _cos.Length; i++)
        {
            double angle = (i / _half) * Math.Pow(TrainingShape.RopeTheta, -2.0 * (i % _half) / shape.HeadDim);
            _cos[i] = T.CreateChecked(Math.Cos(angle));
            _sin[i] = T.CreateChecked(Math.Sin(angle));
        }
    }

    /// <summary>Turns every head of one row to <paramref name="position"/>; <paramref name="back"/> turns a gradient back.</summary>
    public void Turn(Span<T> row, int position, bool back)
    {
        ReadOnlySpan<T> cos = _cos.AsSpan(position * _half, _half), sin = _sin.AsSpan(position * _half, _half);
        T sign = back ? -T.One : T.One;
        for (int head = 0; head < row.Length; head += 2 * _half)
        {
            for (int i = 0; i < _half; i++)
            {
                T a = row[head + i], b = row[head + _half + i], s = sin[i] * sign;
                row[head + i] = (a * cos[i]) - (b * s);
                row[head + _half + i] = (b * cos[i]) + (a * s);
            }
        }
    }
}
