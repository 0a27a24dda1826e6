using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Engine.Models;

namespace Sluice.Engine;

/// <summary>What a <see cref="ModelEngine"/> is loaded with.</summary>
public sealed record EngineOptions
{
    /// <summary>Name of the model in <see cref="EngineInfo"/>; null takes the folder's.</summary>
    public string? Name { get; init; }

    /// <summary>Backend, budgets and limits of a step. MaxOutputs is raised to MaxSequences where it is below.</summary>
    public ModelOptions Model { get; init; } = new();

    /// <summary>Most tokens of a sequence, 2 or more; null or a larger number takes the model's own.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Sequences of one scope share the pages of equal prefixes.</summary>
    public bool SharePrefixes { get; init; } = true;

    /// <summary>Guessing ahead; off unless asked for.</summary>
    public SpeculationOptions Speculation { get; init; } = new();

    /// <summary>Called after every step, on the thread that owns it: must be quick.</summary>
    public Action<StepReport>? StepObserver { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public ILogger Logger { get; init; } = NullLogger.Instance;
}
