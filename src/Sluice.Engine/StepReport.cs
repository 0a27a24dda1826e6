namespace Sluice.Engine;

/// <summary>What one step did and how long it took: what a cost model is fitted to.</summary>
/// <param name="PrefillTokens">Rows of prompts and scored choices.</param>
/// <param name="DecodeTokens">Rows that follow a generated token.</param>
/// <param name="KvTokens">Positions attended to, summed over all rows.</param>
/// <param name="Sequences">Segments.</param>
/// <param name="Duration">Planning, forward pass and sampling together.</param>
public readonly record struct StepReport(int PrefillTokens, int DecodeTokens, long KvTokens, int Sequences, TimeSpan Duration);
