namespace Sluice.Engine.Models;

/// <summary>How rotary frequencies are stretched beyond the context that the model was first trained on.</summary>
public enum RopeScalingKind
{
    None,

    /// <summary>Every frequency is divided by the factor.</summary>
    Linear,

    /// <summary>Low frequencies are divided by the factor, high ones kept, those between blended (Llama 3.1).</summary>
    Llama3,
}

/// <summary><c>rope_scaling</c> of config.json.</summary>
/// <param name="Kind">Which rule.</param>
/// <param name="Factor">1 or more; 1 for <see cref="RopeScalingKind.None"/>.</param>
/// <param name="LowFrequencyFactor">Llama3: wavelengths above original context / this are divided by the factor.</param>
/// <param name="HighFrequencyFactor">Llama3: wavelengths below original context / this are kept.</param>
/// <param name="OriginalContext">Llama3: tokens of the first training context.</param>
public sealed record RopeScaling(
    RopeScalingKind Kind, double Factor = 1, double LowFrequencyFactor = 1, double HighFrequencyFactor = 4, int OriginalContext = 8192)
{
    public static readonly RopeScaling None = new(RopeScalingKind.None);
}
