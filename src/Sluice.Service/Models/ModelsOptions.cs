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
}
