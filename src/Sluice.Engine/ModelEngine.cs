using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Sluice.Engine.Cache;
using Sluice.Engine.Models;
using Sluice.Engine.Planning;
using Sluice.Engine.Sampling;
using Sluice.Engine.Sequences;
using Sluice.Engine.Speculation;
using Sluice.Engine.Tokens;

namespace Sluice.Engine;

/// <summary>Runs sequences on a model of our own: continuous batching over paged KV, prefixes shared within a scope. One thread owns the step.</summary>
public sealed partial class ModelEngine : IEngine
{
    private readonly StepModel _model;
    private readonly IDisposable? _owned;
    private readonly Tokenizer? _tokenizer;
    private readonly EngineOptions _options;
    private readonly ILogger _logger;
    private readonly int _vocabulary;
    private readonly Planner _planner;
    private readonly PrefixCache _cache;
    private readonly StepReader _reader;
    private readonly Speculator? _speculator;
    private readonly Handover _handover = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="model">What runs a step.</param>
    /// <param name="info">Its limits; MaxOutputs comes from the options.</param>
    /// <param name="vocabulary">Length of a row of logits.</param>
    /// <param name="endIds">Ids that end generation.</param>
    /// <param name="tokenizer">Null leaves texts empty and refuses stop texts.</param>
    /// <param name="options">As loaded.</param>
    /// <param name="owned">Disposed with the engine.</param>
    /// <param name="drafter">Guesses, as the options say how; disposed with the engine. Null for none.</param>
    internal ModelEngine(
        StepModel model, EngineInfo info, int vocabulary, IReadOnlyList<int> endIds, Tokenizer? tokenizer, EngineOptions options, IDisposable? owned,
        IDrafter? drafter = null)
    {
        _model = model;
        _owned = owned;
        _tokenizer = tokenizer;
        _options = options;
        _logger = options.Logger;
        _vocabulary = vocabulary;
        Info = info;
        _cache = new PrefixCache(new PagePool(info.TotalPages), options.SharePrefixes);
        int outputs = Math.Max(options.Model.MaxOutputs, info.MaxSequences);
        PlannerLimits limits = new(info.MaxSequences, info.MaxStepTokens, outputs, info.ContextLength);
        SpeculationOptions speculation = options.Speculation;
        _speculator = drafter is null ? null : new Speculator(drafter, limits, speculation.MaxTokens, speculation.Adaptive, options.Clock);
        _planner = new Planner(limits, _cache) { Speculator = _speculator };
        _reader = new StepReader(model, _planner, vocabulary, [.. endIds]);
        Publish();
        new Thread(RunSteps) { IsBackground = true, Name = "sluice steps" }.Start();
    }

    public EngineInfo Info { get; }

    /// <summary>Loads a Hugging Face folder: config, weights and tokenizer. Throws what <see cref="Model.Load"/> and <see cref="Tokenizer.Load"/> throw.</summary>
    public static ModelEngine Load(string folder, EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.ContextLength < 2)
            throw new ArgumentException($"{nameof(options.ContextLength)}: expected 2 or more, found {options.ContextLength}.", nameof(options));
        Tokenizer tokenizer = Tokenizer.Load(folder);
        ModelOptions limits = options.Model with { MaxOutputs = Math.Max(options.Model.MaxOutputs, options.Model.MaxSequences) };
        SpeculationOptions speculation = options.Speculation;
        speculation.Check();
        ModelOptions? small = null;
        if (speculation.Kind == SpeculationKind.DraftModel)
            (limits, small) = DraftPair.Share(folder, tokenizer, speculation.DraftFolder!, limits);
        Model model = Model.Load(folder, limits);
        IDrafter? drafter = Drafter(speculation, small, options.SharePrefixes, model);
        if (model.Refusal is { } refusal)
            LogRefusal(options.Logger, refusal);
        int context = Math.Min(options.ContextLength ?? int.MaxValue, model.Config.ContextLength);
        string name = options.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        EngineInfo info = new(
            name, model.Revision, model.BackendName, context, model.Config.HiddenSize,
            limits.MaxSequences, limits.MaxStepTokens, StepPlan.PageTokens, model.Memory.Pages)
        {
            YieldsToInteractive = true,
        };
        StepModel steps = new(model.Forward, model.Logits, model.Largest, model.Hidden, model.CopyPage);
        return new ModelEngine(steps, info, model.Config.VocabularySize, model.Config.EosIds, tokenizer, options with { Model = limits }, model, drafter);
    }

    private static IDrafter? Drafter(SpeculationOptions options, ModelOptions? small, bool share, Model model)
    {
        if (options.Kind == SpeculationKind.Off)
            return null;
        try
        {
            IDrafter drafter = small is null ? new PromptLookupDrafter() : new DraftModelDrafter(Model.Load(options.DraftFolder!, small), share);
            return options.Around?.Invoke(drafter) ?? drafter;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public Task<EngineResult> RunAsync(EngineRequest request, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<EngineResult>(cancellationToken);
        try
        {
            RequestCheck.Check(request, Info, _vocabulary, _tokenizer is not null);
        }
        catch (ArgumentException refusal)
        {
            return Task.FromException<EngineResult>(refusal);
        }

        Sequence sequence = Admit(request, cancellationToken);
        sequence.CancelRegistration = cancellationToken.UnsafeRegister(static state => ((Cancellation)state!).Invoke(), new Cancellation(_handover, sequence));
        Interlocked.Increment(ref _handedOver);
        if (!_handover.TryAdd(sequence))
        {
            sequence.CancelRegistration.Unregister();
            Interlocked.Decrement(ref _handedOver);
            return Task.FromException<EngineResult>(_broken ?? new ObjectDisposedException(nameof(ModelEngine)));
        }

        return sequence.Completion;
    }

    /// <summary>Cancels all that waits or runs, and returns when the last step is over.</summary>
    public async ValueTask DisposeAsync()
    {
        _handover.Close();
        await _stopped.Task;
        _speculator?.Dispose();
        _owned?.Dispose();
    }

    private Sequence Admit(EngineRequest request, CancellationToken cancellationToken)
    {
        bool generates = request.Kind == SequenceKind.Generate;
        Sequence sequence = new(request, RequestCheck.Capacity(request, Info.ContextLength))
        {
            Seed = request.Sampling.Seed ?? BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))),
            Logprobs = generates && request.Logprobs is not null ? [] : null,
            Stop = generates && request.Stop.Count > 0 ? new StopWatcher(_tokenizer!.Stream(continues: true), request.Stop) : null,
            Mean = request.Kind == SequenceKind.Embed ? new RowMean(Info.HiddenSize) : null,
            ChoiceSums = request.Kind == SequenceKind.Score ? new double[request.Choices.Count] : [],
            CancellationToken = cancellationToken,
            HandedOverAt = _options.Clock.GetTimestamp(),
        };
        for (int i = 0; request.Kind == SequenceKind.Score && i < request.Choices.Count; i++)
        {
            // The last token of a choice is only asked for, never computed.
            if (request.Choices[i].Length > 1)
                sequence.AddChoice(i, request.Choices[i]);
        }

        return sequence;
    }

    private sealed record Cancellation(Handover Handover, Sequence Sequence)
    {
        public void Invoke() => Handover.Cancel(Sequence);
    }
}
