using Sluice.Engine.Backends;
using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>Counts what a model takes before any weight is read.</summary>
internal static class MemoryPlanner
{
    // Measured: ops/benchmarks/engine.md, Memory.
    private const long RuntimeBytes = 40L << 20;
    private const int TokenBytes = 256;

    /// <exception cref="ArgumentException">A KV budget that holds no page, or more sequences than a plan can name the pages of.</exception>
    public static MemoryPlan Plan(Checkpoint checkpoint, ModelConfig config, ModelOptions options, IBackend backend)
    {
        long perPage = KvPages.BytesPerPage(config.Layers, config.KvHeads, config.HeadDim, options.Kv);
        long pages = Math.Min(options.KvBytes / perPage, int.MaxValue);
        if (pages < 1)
            throw new ArgumentException($"KvBytes: expected at least one page of {perPage} bytes, found {options.KvBytes}");
        int planPages = MaxPlanPages(config, options, (int)pages);
        long arena = backend.ScratchBytes(options.Weights, MaxRows(options), MaxInputs(config)) + MatrixBytes(config, options) + StepLayout.Bytes(options.MaxStepTokens, planPages, config.HeadDim)
            + ((long)planPages * sizeof(int)) // of the plan that the layout copies
            + (options.GroupPrefixes ? PrefixGroups.Bytes(options.MaxStepTokens, options.MaxSequences, PrefixShape.Of(config.Heads, config.KvHeads, config.HeadDim, options.Kv, options.Threads)) : 0);
        long runtime = RuntimeBytes + ((long)TokenBytes * config.VocabularySize);
        return new MemoryPlan(LlamaWeights.PackedBytes(checkpoint, config, backend, options.Weights), perPage, (int)pages, arena, runtime);
    }

    /// <exception cref="InsufficientMemoryException">All together are more than the limit.</exception>
    public static void RequireFit(MemoryPlan plan, ModelOptions options)
    {
        long limit = options.MemoryLimit ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (plan.TotalBytes > limit)
        {
            throw new InsufficientMemoryException(
                $"the model needs {plan.WeightBytes} bytes of weights, {plan.KvBytes} of KV pages, {plan.ArenaBytes} of arena and about {plan.RuntimeBytes} for the runtime; the limit is {limit}");
        }
    }

    /// <summary>Activations, gathered rows and logits.</summary>
    public static long MatrixBytes(ModelConfig config, ModelOptions options) =>
        Llama.ArenaBytes(config, options.MaxStepTokens) + Arena.BytesOf(options.MaxOutputs, config.HiddenSize)
        + Arena.BytesOf(options.MaxOutputs, config.VocabularySize) + Arena.BytesOf(options.MaxStepTokens, config.HiddenSize);

    /// <summary>What finds common prefixes in steps of that model; null where it is turned off.</summary>
    public static PrefixGroups? Groups(ModelConfig config, ModelOptions options) =>
        options.GroupPrefixes ? new PrefixGroups(options.MaxStepTokens, options.MaxSequences, PrefixShape.Of(config.Heads, config.KvHeads, config.HeadDim, options.Kv, options.Threads)) : null;

    /// <summary>Most rows of a product.</summary>
    public static int MaxRows(ModelOptions options) => Math.Max(options.MaxStepTokens, options.MaxOutputs);

    /// <summary>Most inputs of a product.</summary>
    public static int MaxInputs(ModelConfig config) => Math.Max(Math.Max(config.HiddenSize, config.Heads * config.HeadDim), config.Intermediate);

    /// <summary>Page entries of the largest plan: sequences that share pages name them once each, and none has more than there are.</summary>
    public static int MaxPlanPages(ModelConfig config, ModelOptions options, int pages)
    {
        int each = Math.Min(StepPlan.PagesOf(config.ContextLength), pages);
        if ((long)each * options.MaxSequences > Array.MaxLength)
            throw new ArgumentException($"MaxSequences: expected at most {Array.MaxLength / each} of {each} pages each, found {options.MaxSequences}");
        return each * options.MaxSequences;
    }
}
