using Sluice.Engine.Models;
using Sluice.Engine.Quantization;

namespace Sluice.Engine.Tests.Models;

/// <summary>A folder that a random model is written to, gone afterwards.</summary>
internal sealed class RandomFolder : IDisposable
{
    /// <summary>Odd in every size: 3 query heads share a KV head, head_dim is no multiple of 16, nor are intermediate and vocabulary of 32.</summary>
    public static readonly ModelShape Odd = new()
    {
        HiddenSize = 72,
        Layers = 2,
        Heads = 6,
        KvHeads = 2,
        HeadDim = 20,
        Intermediate = 101,
        Vocabulary = 257,
        ContextLength = 256,
    };

    /// <summary>Large enough that one row is shared by threads.</summary>
    public static readonly ModelShape Wide = new()
    {
        HiddenSize = 288,
        Layers = 2,
        Heads = 6,
        KvHeads = 2,
        HeadDim = 48,
        Intermediate = 700,
        Vocabulary = 1000,
        ContextLength = 512,
    };

    public RandomFolder(ModelShape shape, ulong seed = 7)
    {
        Path = Directory.CreateTempSubdirectory("sluice-model-").FullName;
        RandomModel.Write(Path, shape, seed);
    }

    public string Path { get; }

    public Model Load(string backend, int threads = 1, WeightFormat weights = WeightFormat.Stored, bool assembled = true, KvFormat kv = KvFormat.Float32, bool group = true, int kvBytes = 8 << 20) =>
        Model.Load(Path, new ModelOptions { Backend = backend, Weights = weights, Assembled = assembled, AssembledEvenSlow = assembled, Kv = kv, GroupPrefixes = group, KvBytes = kvBytes, Threads = threads, MaxStepTokens = 160, MaxOutputs = 160, MaxSequences = 8 });

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
