namespace Sluice.Service.Models;

/// <summary>Section <c>Models</c>: a list, one entry per served model.</summary>
internal sealed class ModelsOptions
{
    public IReadOnlyList<ModelEntry> Models { get; set; } = [];
}

/// <summary>One model to serve.</summary>
internal sealed class ModelEntry
{
    /// <summary>Slug; the folder's name, lower-cased, where absent.</summary>
    public string? Name { get; set; }

    /// <summary>A Hugging Face folder with config.json and tokenizer.json.</summary>
    public string? Path { get; set; }

    /// <summary>What weights are kept as: <c>bf16</c> (whatever the files hold), <c>int8</c> or <c>int4</c>; <c>bf16</c> where absent.</summary>
    public string? Dtype { get; set; }

    /// <summary>What keys and values are kept as: <c>f32</c> or <c>int8</c>, which holds four times the tokens; <c>f32</c> where absent.</summary>
    public string? KvDtype { get; set; }

    /// <summary>Who guesses ahead: <c>off</c>, <c>ngram</c> (the text itself) or <c>draft</c> (a small model); <c>off</c> where absent.</summary>
    public string? Speculation { get; set; }

    /// <summary>The small model's folder, of the same tokens; for <c>draft</c>, and only for it.</summary>
    public string? Draft { get; set; }
}
