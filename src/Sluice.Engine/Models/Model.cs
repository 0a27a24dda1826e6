using Sluice.Engine.Backends;
using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Models;

/// <summary>A loaded model with its KV pages: executes step plans. Not thread-safe: one thread owns it.</summary>
public sealed unsafe class Model : IDisposable
{
    private readonly IBackend _backend;
    private readonly LlamaWeights _weights;
    private readonly KvPages _pages;
    private readonly StepLayout _layout;
    private readonly Arena _arena;
    private readonly Llama _llama;
    private readonly Matrix _outputs; // (outputs, hidden) rows whose logits are wanted: whole ones first, then those of which only the largest is
    private readonly Matrix _logits; // (whole rows, vocabulary)
    private readonly TopLogit[] _largest; // (outputs - whole rows)
    private readonly int[] _places; // (outputs) index in _logits, or ~index in _largest
    private readonly Matrix _hiddens; // (rows, hidden)
    private int _outputCount;
    private int _hiddenCount;

    private Model(ModelConfig config, ModelOptions options, MemoryPlan memory, string revision, IBackend backend, LlamaWeights weights)
    {
        Config = config;
        Options = options;
        Memory = memory;
        Revision = revision;
        _backend = backend;
        _weights = weights;
        _pages = new KvPages(config.Layers, memory.Pages, config.KvHeads, config.HeadDim, options.Kv);
        _layout = new StepLayout(options.MaxStepTokens, MemoryPlanner.MaxPlanPages(config, options, memory.Pages), config.HeadDim, MemoryPlanner.Groups(config, options));
        _arena = new Arena(MemoryPlanner.MatrixBytes(config, options));
        _llama = new Llama(config, backend, weights, _arena, options.MaxStepTokens);
        _outputs = _arena.Take(options.MaxOutputs, config.HiddenSize);
        _logits = _arena.Take(options.MaxOutputs, config.VocabularySize);
        _hiddens = _arena.Take(options.MaxStepTokens, config.HiddenSize);
        _largest = new TopLogit[options.MaxOutputs];
        _places = new int[options.MaxOutputs];
    }

    public ModelConfig Config { get; }

    /// <summary>Hex SHA-256 (first 16 digits) over config.json, tokenizer.json, the safetensors files and the formats of weights and KV.</summary>
    public string Revision { get; }

    /// <summary><c>reference</c>, <c>cpu/avx512</c>, <c>cpu/avx2</c> or <c>cpu/scalar</c>; <c>+assembled</c> with <c>-bf16</c>, <c>-int8</c> or both follows where kernels assembled at start run, and <c>-noattention</c> where the host refused those of attention alone.</summary>
    public string BackendName => _backend.Name;

    /// <summary>What the host answered where it refused kernels assembled at start; null where it did not.</summary>
    public string? Refusal => _backend.Refusal;

    public ModelOptions Options { get; }

    public MemoryPlan Memory { get; }

    /// <summary>KV pages, for tests that spoil them.</summary>
    internal KvPages Pages => _pages;

    /// <summary>Of the last step; null where grouping is turned off.</summary>
    internal PrefixGroups? Groups => _layout.Groups;

    /// <summary>
    /// Loads a Hugging Face folder. Throws <see cref="ModelFormatException"/> naming file, tensor, expected and found,
    /// <see cref="InsufficientMemoryException"/> where weights, KV pages and arena do not fit, and <see cref="ArgumentException"/> for bad options.
    /// </summary>
    public static Model Load(string folder, ModelOptions options)
    {
        options.Check();
        ModelConfig config = ModelConfig.Read(folder);
        IBackend backend = BackendPicker.Pick(options.Backend, options.Threads, options.Assembled, options.AssembledEvenSlow, options.Kernels);
        backend = options.Around?.Invoke(backend) ?? backend;
        LlamaWeights? weights = null;
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder);
            MemoryPlan memory = MemoryPlanner.Plan(checkpoint, config, options, backend);
            MemoryPlanner.RequireFit(memory, options);
            weights = new LlamaWeights(checkpoint, config, backend, options.Weights);
            backend.Reserve(options.Weights, MemoryPlanner.MaxRows(options), MemoryPlanner.MaxInputs(config));
            return new Model(config, options, memory, ModelRevision.Compute(folder, checkpoint, options.Weights, options.Kv), backend, weights);
        }
        catch
        {
            weights?.Dispose();
            backend.Dispose();
            throw;
        }
    }

    /// <summary>Runs one step. Throws <see cref="ArgumentException"/> for a plan with counts, ids, positions or pages out of range.</summary>
    public void Forward(StepPlan plan)
    {
        PlanGuard.Check(plan, this);
        _outputCount = plan.Outputs;
        _hiddenCount = plan.Hiddens;
        if (plan.Rows == 0)
            return;
        _layout.Set(plan);
        Matrix hidden = _llama.Run(_layout, _pages);
        CopyRows(hidden, plan.HiddenRows, plan.Hiddens, _hiddens);
        if (plan.Outputs == 0)
            return;
        int whole = PlaceOutputs(plan, hidden);
        fixed (TopLogit* largest = _largest)
            _llama.Head(_outputs.Top(plan.Outputs), _logits.Top(whole), largest);
        GC.KeepAlive(this); // kernels hold bare pointers into what this owns
    }

    /// <summary>(vocabulary) of plan.OutputRows[output], which must not be one of which only the largest is wanted; valid until the next step.</summary>
    public ReadOnlySpan<float> Logits(int output)
    {
        int place = Place(output);
        if (place < 0)
            throw new ArgumentException($"{nameof(output)}: expected one whose logits are wanted, found {output}, of which only the largest is");
        return _logits.Span(place);
    }

    /// <summary>The largest logit of plan.OutputRows[output], ties to the lowest id, NaN counting as minus infinity; id -1 where none is above that.</summary>
    public (int Id, float Logit) Largest(int output)
    {
        int place = Place(output);
        if (place >= 0)
            throw new ArgumentException($"{nameof(output)}: expected one of which only the largest logit is wanted, found {output}");
        return (_largest[~place].Id, _largest[~place].Value);
    }

    /// <summary>(hidden) after the final norm of plan.HiddenRows[index]; valid until the next step.</summary>
    public ReadOnlySpan<float> Hidden(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _hiddenCount);
        return _hiddens.Span(index);
    }

    /// <summary>Copies keys and values of slots [0, tokens) of a page in all layers.</summary>
    public void CopyPage(int from, int to, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(from, Memory.Pages);
        ArgumentOutOfRangeException.ThrowIfNegative(to);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(to, Memory.Pages);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, StepPlan.PageTokens);
        _pages.Copy(from, to, tokens);
    }

    public void Dispose()
    {
        _backend.Dispose();
        _weights.Dispose();
        _pages.Dispose();
        _layout.Dispose();
        _arena.Dispose();
        _outputCount = _hiddenCount = 0;
    }

    private int Place(int output)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(output);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(output, _outputCount);
        return _places[output];
    }

    // Returns how many are wanted whole.
    private int PlaceOutputs(StepPlan plan, Matrix hidden)
    {
        int whole = 0;
        for (int i = 0; i < plan.Outputs; i++)
            whole += plan.LargestOnly[i] ? 0 : 1;
        int nextWhole = 0, nextLargest = 0;
        for (int i = 0; i < plan.Outputs; i++)
        {
            int place = plan.LargestOnly[i] ? whole + nextLargest : nextWhole;
            _places[i] = plan.LargestOnly[i] ? ~nextLargest++ : nextWhole++;
            hidden.Span(plan.OutputRows[i]).CopyTo(new Span<float>(_outputs.Row(place), _outputs.Columns));
        }

        return whole;
    }

    private static void CopyRows(Matrix from, int[] rows, int count, Matrix to)
    {
        for (int i = 0; i < count; i++)
            from.Span(rows[i]).CopyTo(new Span<float>(to.Row(i), to.Columns));
    }
}
