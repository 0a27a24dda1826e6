using Sluice.Engine.Backends;
using Sluice.Engine.Sequences;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>What a model folder holds and what it would take here; only configs and file headers are read.</summary>
/// <param name="Config">The checked config.</param>
/// <param name="Backend">The backend that would run it.</param>
/// <param name="Files">Safetensors files.</param>
/// <param name="FileBytes">Their sizes together.</param>
/// <param name="Tensors">Tensors in them.</param>
/// <param name="Parameters">Elements of those tensors.</param>
/// <param name="BytesByType">Bytes of the tensors of each element type, as the files name it (<c>BF16</c>).</param>
/// <param name="Memory">Packed weights, KV pages of the budget, arena.</param>
public sealed record ModelInspection(
    ModelConfig Config, string Backend, int Files, long FileBytes, int Tensors, long Parameters,
    IReadOnlyDictionary<string, long> BytesByType, MemoryPlan Memory)
{
    /// <summary>Tokens that the KV pages hold.</summary>
    public long KvTokens => (long)Memory.Pages * StepPlan.PageTokens;

    /// <summary>What the host answered where it refused kernels assembled at start; null where it did not.</summary>
    public string? Refusal { get; init; }

    /// <summary>Throws as <see cref="Model.Load"/> does, but for memory and for tensors, whose names and shapes are not compared.</summary>
    public static ModelInspection Read(string folder, ModelOptions options)
    {
        options.Check();
        ModelConfig config = ModelConfig.Read(folder);
        using IBackend backend = BackendPicker.Pick(options.Backend, threads: 1, options.Assembled, options.AssembledEvenSlow, options.Kernels);
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        MemoryPlan memory = MemoryPlanner.Plan(checkpoint, config, options, backend);
        SortedDictionary<string, long> bytes = new(StringComparer.Ordinal);
        long parameters = 0;
        int tensors = 0;
        foreach (SafetensorsEntry entry in checkpoint.Entries)
        {
            bytes[entry.Type] = bytes.GetValueOrDefault(entry.Type) + entry.End - entry.Begin;
            parameters += entry.Elements;
            tensors++;
        }

        return new ModelInspection(
            config, backend.Name, checkpoint.Files.Count, checkpoint.Files.Sum(file => file.FileBytes), tensors, parameters, bytes, memory)
        {
            Refusal = backend.Refusal,
        };
    }
}
