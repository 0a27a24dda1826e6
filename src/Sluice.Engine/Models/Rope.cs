using Sluice.Engine.Backends;

namespace Sluice.Engine.Models;

/// <summary>Rotary positions: pair i of a head turns by position x theta^(-2i / head_dim), after the config's scaling.</summary>
internal sealed unsafe class Rope
{
    private readonly float[] _frequencies; // (head_dim / 2)

    public Rope(ModelConfig config)
    {
        _frequencies = new float[config.HeadDim / 2];
        for (int i = 0; i < _frequencies.Length; i++)
            _frequencies[i] = (float)Scale(Math.Pow(config.RopeTheta, -2.0 * i / config.HeadDim), config.RopeScaling);
    }

    /// <summary>Cosine and sine of every row's angles. The angle is a float32 product, as in the code that models are trained with.</summary>
    public void Fill(StepLayout step)
    {
        for (int row = 0; row < step.Rows; row++)
        {
            for (int i = 0; i < _frequencies.Length; i++)
            {
                (float sin, float cos) = MathF.SinCos(step.Positions[row] * _frequencies[i]);
                step.Sin[(row * _frequencies.Length) + i] = sin;
                step.Cos[(row * _frequencies.Length) + i] = cos;
            }
        }
    }

    private static double Scale(double frequency, RopeScaling scaling)
    {
        switch (scaling.Kind)
        {
            case RopeScalingKind.None:
                return frequency;
            case RopeScalingKind.Linear:
                return frequency / scaling.Factor;
            default:
                double wavelength = 2 * Math.PI / frequency;
                if (wavelength > scaling.OriginalContext / scaling.LowFrequencyFactor)
                    return frequency / scaling.Factor;
                if (wavelength < scaling.OriginalContext / scaling.HighFrequencyFactor)
                    return frequency;
                double smooth = ((scaling.OriginalContext / wavelength) - scaling.LowFrequencyFactor)
                    / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
                return ((1 - smooth) * frequency / scaling.Factor) + (smooth * frequency);
        }
    }
}
