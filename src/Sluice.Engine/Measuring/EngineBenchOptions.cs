using Sluice.Engine.Quantization;

namespace Sluice.Engine.Measuring;

/// <summary>How <see cref="EngineBench"/> runs.</summary>
public sealed record EngineBenchOptions
{
    public WeightFormat Weights { get; init; }

    public KvFormat Kv { get; init; }

    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>As <see cref="Models.ModelOptions.Assembled"/>.</summary>
    public bool Assembled { get; init; } = true;

    /// <summary>Whole rounds of all measurements, peaks between them.</summary>
    public int Repeats { get; init; } = 5;

    /// <summary>Also say where a step's time goes.</summary>
    public bool Profile { get; init; }
}
