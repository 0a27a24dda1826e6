using Sluice.Engine.Models;

namespace Sluice.Engine.Measuring;

/// <summary>
/// The shortest time that the machine allows a step: the larger of what its operations take at the peaks (products with weights and attention at the
/// peaks of the instructions that they take) and what reading all weights and the keys and values takes.
/// </summary>
/// <param name="config">The model's.</param>
/// <param name="weightBytes">Bytes of weights that a step reads.</param>
/// <param name="kvBytesPerToken">Keys and values of one position in all layers.</param>
internal sealed class StepLimit(ModelConfig config, long weightBytes, long kvBytesPerToken)
{
    private const int TileRows = 16;

    /// <summary>Multiplications and additions of one row, but for attention and the head.</summary>
    public long LinearOperations { get; } = 2L * config.Layers
        * ((2L * config.HiddenSize * config.HeadDim * (config.Heads + config.KvHeads)) + (3L * config.HiddenSize * config.Intermediate));

    public long HeadOperations { get; } = 2L * config.VocabularySize * config.HiddenSize;

    public long AttentionOperations { get; } = 4L * config.Layers * config.Heads * config.HeadDim;

    /// <summary>Seconds.</summary>
    /// <param name="step">What it did.</param>
    /// <param name="readGbs">Of the machine.</param>
    /// <param name="linearPeak">10^9 operations per second of products with weights.</param>
    /// <param name="attentionPeak">The same of attention.</param>
    public double Seconds(StepReport step, double readGbs, double linearPeak, double attentionPeak)
    {
        long rows = step.PrefillTokens + step.DecodeTokens;
        double compute = (((rows * LinearOperations) + (step.DecodeTokens * HeadOperations)) / linearPeak) + (step.KvTokens * AttentionOperations / attentionPeak);
        double positionsRead = step.PrefillTokens > 0 ? step.KvTokens / (double)TileRows : step.KvTokens;
        double read = (weightBytes + (positionsRead * kvBytesPerToken)) / readGbs;
        return Math.Max(compute, read) / 1e9;
    }
}
