namespace Sluice.Cli.Demo;

/// <summary>What <c>sluice demo --json</c> prints.</summary>
internal sealed record DemoFigures
{
    public required int Tickets { get; init; }

    /// <summary>Questions about them: each is classified, some get a reply.</summary>
    public required int Jobs { get; init; }

    /// <summary>Jobs that did not succeed.</summary>
    public required int Failed { get; init; }

    /// <summary>From the first submit to the last end.</summary>
    public required double Seconds { get; init; }
    public required double JobsPerS { get; init; }

    /// <summary>Prompt tokens computed and tokens generated.</summary>
    public required double TokensPerS { get; init; }
    public required long Batches { get; init; }

    /// <summary>Batches by the reason they were closed.</summary>
    public required IReadOnlyDictionary<string, long> CloseReasons { get; init; }

    /// <summary>Of jobs that ran.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Those whose keys and values were not there already.</summary>
    public required long PromptTokensComputed { get; init; }

    /// <summary>Jobs that did not run.</summary>
    public required DemoHits CacheHits { get; init; }

    /// <summary>Answers that were made for a ticket which asks something else.</summary>
    public required int FalseHits { get; init; }
    public required DemoDeadlines Deadlines { get; init; }

    /// <summary>Share of all tickets, from 0 to 1.</summary>
    public required double LabelAccuracy { get; init; }
    public required DemoShare Repeats { get; init; }
    public required DemoShare Reworded { get; init; }
    public required DemoShare Lookalikes { get; init; }
}

internal sealed record DemoHits(int Exact, int Semantic, int Twin);

internal sealed record DemoDeadlines(int Met, int Missed);

/// <summary>Tickets of a group, and those of them that took every answer from an earlier ticket.</summary>
internal sealed record DemoShare(int Tickets, int Hits);
