using Sluice.Engine;
using Sluice.Engine.Quantization;
using Sluice.Engine.Templates;
using Sluice.Engine.Tokens;
using Sluice.Jobs;

namespace Sluice.Service.Models;

/// <summary>A model as callers and intake see it: what it is called, how text becomes tokens, what fits. Its weights are the worker's business.</summary>
internal sealed class ServedModel
{
    /// <summary>The slug that jobs name and that queues carry.</summary>
    public required string Name { get; init; }

    /// <summary>The Hugging Face folder; null for a stub, which has no files.</summary>
    public string? Path { get; init; }

    /// <summary>What the worker keeps its weights as.</summary>
    public WeightFormat Weights { get; init; }

    /// <summary>What the worker keeps keys and values as.</summary>
    public KvFormat Kv { get; init; }

    /// <summary>How the worker guesses ahead: never changes a greedy or seeded answer.</summary>
    public SpeculationOptions Speculation { get; init; } = new();

    /// <summary>Hex SHA-256, first 16 digits, over configuration, tokenizer, weights and the formats of weights and KV: what an answer is the answer of.</summary>
    public required string Revision { get; init; }

    /// <summary>Most tokens, prompt and generated, that one sequence may hold.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Token ids are below this.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Null for a stub.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>Null where the model has none that can be used: then it takes prompts only.</summary>
    public ServedTemplate? Template { get; init; }

    /// <summary>Why its template cannot be used; null where it can, or there is none.</summary>
    public string? TemplateFault { get; init; }

    /// <summary>The prompt's ids, beginning-of-sequence included where the model wants it. Text never becomes a control token.</summary>
    public required Func<string, int[]> EncodePrompt { get; init; }

    /// <summary>The ids of a text that continues a prompt: no beginning-of-sequence.</summary>
    public required Func<string, int[]> EncodeChoice { get; init; }

    /// <summary>The ids of what a request puts before the model: its prompt, or its messages rendered.</summary>
    /// <exception cref="ArgumentException">It has neither, or messages and the model has no template.</exception>
    /// <exception cref="TemplateException">The template refuses the messages, or fails on them.</exception>
    public int[] Encode(JobRequest request) =>
        request.Messages is { } messages ? (Template ?? throw new ArgumentException(TemplateFault ?? $"Model '{Name}' has no chat template.")).Encode(messages)
        : EncodePrompt(request.Prompt ?? throw new ArgumentException("The job has neither prompt nor messages."));
}
