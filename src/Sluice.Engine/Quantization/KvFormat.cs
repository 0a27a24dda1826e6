namespace Sluice.Engine.Quantization;

/// <summary>What keys and values are kept as.</summary>
public enum KvFormat
{
    /// <summary>As they were computed.</summary>
    Float32,

    /// <summary>A byte each, with a scale per token and head for the key and for the value; their own prefill reads them back rounded too.</summary>
    Int8,
}

public static class KvFormats
{
    /// <summary>The names that settings and options have for them.</summary>
    public static readonly IReadOnlyList<string> Names = ["f32", "int8"];

    /// <summary>Throws <see cref="ArgumentException"/> for a name that is none; null is <see cref="KvFormat.Float32"/>.</summary>
    public static KvFormat Parse(string? name) => name switch
    {
        null or "f32" => KvFormat.Float32,
        "int8" => KvFormat.Int8,
        _ => throw new ArgumentException($"KvDtype: expected {string.Join(", ", Names)}, found '{name}'"),
    };

    public static string Name(this KvFormat format) => Names[(int)format];
}
