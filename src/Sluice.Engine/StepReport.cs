namespace Sluice.Engine;

/// <summary>What one step did and how long it took: what a cost model is fitted to.</summary>
/// <param name="PrefillTokens">Rows of prompts and scored choices.</param>
/// <param name="DecodeTokens">Rows that follow a generated token, one per sequence; guesses aside.</param>
/// <param name="KvTokens">Positions attended to, summed over all rows.</param>
/// <param name="Sequences">Segments.</param>
/// <param name="Duration">Drafting, planning, forward pass and sampling together.</param>
public readonly record struct StepReport(int PrefillTokens, int DecodeTokens, long KvTokens, int Sequences, TimeSpan Duration)
{
    /// <summary>Rows of guessed tokens.</summary>
    public int DraftedTokens { get; init; }

    /// <summary>Guesses that stood: a step comes to DecodeTokens and these, and one for each prompt that ended in it; end-of-sequence ids count.</summary>
    public int AcceptedTokens { get; init; }
}
