namespace Sluice.Batching.Simulation;

/// <summary>A job in a simulated engine.</summary>
internal sealed class SimRun(SimJob job, int rank, long order, int promise)
{
    public SimJob Job => job;

    /// <summary>Lower starts earlier; 0 takes the room of others.</summary>
    public int Rank => rank;

    public long Order => order;

    /// <summary>Pages promised to it.</summary>
    public int Promise => promise;

    /// <summary>Positions computed.</summary>
    public int Computed { get; set; }

    /// <summary>Tokens generated when it last began to decode.</summary>
    public int Generated { get; set; }

    /// <summary>Blocks held.</summary>
    public int Held { get; set; }

    /// <summary>Pages of its own when it last began to decode.</summary>
    public int OwnPages { get; set; }

    public bool Decoding { get; set; }

    /// <summary>The step after which it decodes.</summary>
    public long DecodeFrom { get; set; }

    public long FinishStep { get; set; }

    /// <summary>Prompt tokens that it did not compute when it first started.</summary>
    public int Cached { get; set; } = -1;

    /// <summary>Prompt tokens computed, all starts together.</summary>
    public int Prefilled { get; set; }

    /// <summary>When its first step began; negative before.</summary>
    public double StartedAt { get; set; } = -1;

    public int Known => job.Prompt + Generated;
}
