namespace Sluice.Engine.Quantization;

/// <summary>What keys and values are kept as. A token's own prefill reads them back rounded, too.</summary>
public enum KvFormat
{
    /// <summary>bfloat16, to nearest and ties to even: the default.</summary>
    BFloat16,

    /// <summary>As they were computed.</summary>
    Float32,

    /// <summary>A byte each, with a scale per token and head for the key and for the value.</summary>
    Int8,
}

public static class KvFormats
{
    /// <summary>The names that settings and options have for them.</summary>
    public static readonly IReadOnlyList<string> Names = ["bf16", "f32", "int8"];

    /// <summary>Throws <see cref="ArgumentException"/> for a name that is none; null is <see cref="KvFormat.BFloat16"/>.</summary>
    public static KvFormat Parse(string? name) => name switch
    {
        null or "bf16" => KvFormat.BFloat16,
        "f32" => KvFormat.Float32,
        "int8" => KvFormat.Int8,
        _ => throw new ArgumentException($"KvDtype: expected {string.Join(", ", Names)}, found '{name}'"),
    };

    public static string Name(this KvFormat format) => Names[(int)format];
}
