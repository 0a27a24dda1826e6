namespace Sluice.Tuning.Training;

/// <summary>Sequences of one length, padded at the end.</summary>
/// <param name="Sequences">How many.</param>
/// <param name="Length">Positions of each.</param>
/// <param name="Tokens">(sequences, length): what the model reads.</param>
/// <param name="Targets">(sequences, length): what should follow each.</param>
/// <param name="Weights">(sequences, length): how much each target counts; 0 is not learned.</param>
internal sealed record TrainingBatch(int Sequences, int Length, int[] Tokens, int[] Targets, float[] Weights)
{
    public int Rows => Sequences * Length;
}
