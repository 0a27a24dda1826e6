namespace Sluice.Engine;

/// <summary>What goes wrong with a sequence on a <see cref="StubEngine"/>.</summary>
public enum StubFault
{
    None,

    /// <summary>Only this sequence fails.</summary>
    Throw,

    /// <summary>This sequence never ends, and keeps its place, until it is cancelled.</summary>
    Hang,

    /// <summary>The step fails: every sequence of the batch fails with it.</summary>
    Crash,
}

/// <summary>How a <see cref="StubEngine"/> behaves.</summary>
public sealed record StubOptions
{
    public string Name { get; init; } = "stub";

    /// <summary>What a batch takes, whatever is in it.</summary>
    public TimeSpan BatchTime { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Most sequences in a batch, those that hang included.</summary>
    public int MaxSequences { get; init; } = 64;

    /// <summary>Said in <see cref="EngineInfo"/>; a batch takes its sequences whole.</summary>
    public int MaxStepTokens { get; init; } = 512;

    public int ContextLength { get; init; } = 8192;

    /// <summary>Length of an embedding.</summary>
    public int HiddenSize { get; init; } = 64;

    /// <summary>Asked for each sequence when its batch ends.</summary>
    public Func<EngineRequest, StubFault> Fault { get; init; } = static _ => StubFault.None;

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
