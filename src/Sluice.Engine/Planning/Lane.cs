using Sluice.Engine.Cache;

namespace Sluice.Engine.Planning;

/// <summary>What a lane's rows are read for.</summary>
internal enum LaneOutput
{
    /// <summary>Logits of the last known position.</summary>
    LastLogits,

    /// <summary>Logits of every position.</summary>
    EveryLogits,

    /// <summary>Last hidden state of every position.</summary>
    EveryHidden,
}

/// <summary>A run of tokens with pages of its own: a prompt and what it generates, or one scored choice that continues a prompt.</summary>
/// <param name="owner">The sequence.</param>
/// <param name="choice">Index of the choice; -1 for the prompt's lane.</param>
/// <param name="start">Position of <see cref="Tokens"/>[0]; a choice starts where the prompt ends.</param>
/// <param name="output">What its rows are read for.</param>
internal sealed class Lane(Sequence owner, int choice, int start, LaneOutput output)
{
    public Sequence Owner => owner;

    public int Choice => choice;

    public int Start => start;

    public LaneOutput Output => output;

    /// <summary>(at least Length - Start): the token at position p is Tokens[p - Start].</summary>
    public int[] Tokens { get; set; } = [];

    /// <summary>Positions whose tokens are known.</summary>
    public int Length { get; set; }

    /// <summary>Positions [0, Computed) are in its pages.</summary>
    public int Computed { get; set; }

    public int Remaining => Length - Computed;

    /// <summary>Guesses that stand behind the known tokens and are rows of the step that is planned.</summary>
    public int Drafted { get; set; }

    public PrefixLease Lease { get; } = new(owner.Request.Scope);
}
