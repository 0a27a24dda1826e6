namespace Sluice.Engine.Planning;

/// <summary>What one step and one sequence may take.</summary>
/// <param name="MaxSequences">Segments in a step, and sequences with pages.</param>
/// <param name="MaxStepTokens">Rows in a step.</param>
/// <param name="MaxOutputs">Rows in a step whose logits are wanted, at least MaxSequences.</param>
/// <param name="ContextLength">Positions of a sequence.</param>
internal sealed record PlannerLimits(int MaxSequences, int MaxStepTokens, int MaxOutputs, int ContextLength);
