namespace Sluice.Batching.Simulation;

/// <summary>A request of a trace.</summary>
/// <param name="Seconds">Since the first request.</param>
/// <param name="PromptTokens">One or more.</param>
/// <param name="NewTokens">Generated, one or more.</param>
/// <param name="Blocks">Ids of the prompt's leading blocks of <see cref="TraceFile.BlockTokens"/> tokens, of which equal leading ids are a shared prefix; only full blocks, and never all of the prompt.</param>
internal readonly record struct TraceRequest(double Seconds, int PromptTokens, int NewTokens, int[] Blocks);
