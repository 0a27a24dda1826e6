namespace Sluice.Cli.Run;

/// <summary>What <c>sluice run</c> was asked for.</summary>
internal sealed record RunOptions
{
    public required string Input { get; init; }
    public required string Output { get; init; }

    /// <summary>Hugging Face folder.</summary>
    public required string Model { get; init; }

    /// <summary>What lines may call the model; the folder's name where null.</summary>
    public string? Name { get; init; }

    public bool Resume { get; init; }
    public bool Overwrite { get; init; }

    /// <summary>Bytes of keys and values.</summary>
    public required long KvBytes { get; init; }

    /// <summary>Most lines that wait or run.</summary>
    public required int Window { get; init; }

    public required int Threads { get; init; }

    /// <summary>Told after every step of writing; for tests.</summary>
    public Action<WriteStage>? AfterWrite { get; init; }
}
