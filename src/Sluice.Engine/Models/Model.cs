using Sluice.Engine.Sequences;

namespace Sluice.Engine.Models;

/// <summary>A loaded model with its KV pages: executes step plans. Not thread-safe: one thread owns it.</summary>
public sealed class Model : IDisposable
{
    private Model()
    {
    }

    public ModelConfig Config { get; } = null!;

    /// <summary>Hex SHA-256 (first 16 digits) over config.json, tokenizer.json and the safetensors bytes.</summary>
    public string Revision { get; } = "";

    /// <summary><c>reference</c>, <c>cpu/avx512</c>, <c>cpu/avx2</c> or <c>cpu/scalar</c>.</summary>
    public string BackendName { get; } = "";

    public ModelOptions Options { get; } = null!;

    public MemoryPlan Memory { get; } = null!;

    /// <summary>Loads a Hugging Face folder. Throws <see cref="Weights.ModelFormatException"/> naming file, tensor, expected and found.</summary>
    public static Model Load(string folder, ModelOptions options) => throw new NotImplementedException();

    /// <summary>Runs one step. Throws <see cref="ArgumentException"/> for a plan with ids, positions or pages out of range.</summary>
    public void Forward(StepPlan plan) => throw new NotImplementedException();

    /// <summary>(vocabulary) of plan.OutputRows[output]; valid until the next step.</summary>
    public ReadOnlySpan<float> Logits(int output) => throw new NotImplementedException();

    /// <summary>(hidden) after the final norm of plan.HiddenRows[index]; valid until the next step.</summary>
    public ReadOnlySpan<float> Hidden(int index) => throw new NotImplementedException();

    /// <summary>Copies keys and values of slots [0, tokens) of a page in all layers.</summary>
    public void CopyPage(int from, int to, int tokens) => throw new NotImplementedException();

    public void Dispose()
    {
    }
}
