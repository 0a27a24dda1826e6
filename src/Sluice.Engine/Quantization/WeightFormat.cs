namespace Sluice.Engine.Quantization;

/// <summary>What linear weights are kept as once they are loaded.</summary>
public enum WeightFormat
{
    /// <summary>As the files have them, exactly.</summary>
    Stored,

    /// <summary>A byte per weight and a scale per output; activations are rounded to bytes too, with a scale per token, and products are summed exactly.</summary>
    Int8,

    /// <summary>Half a byte per weight, scale and offset per output and 128 inputs; activations stay float32. The embedding table and the head are <see cref="Int8"/>.</summary>
    Int4,
}

public static class WeightFormats
{
    /// <summary>The names that settings and options have for them: <c>bf16</c> stands for whatever the files hold.</summary>
    public static readonly IReadOnlyList<string> Names = ["bf16", "int8", "int4"];

    /// <summary>Throws <see cref="ArgumentException"/> for a name that is none; null is <see cref="WeightFormat.Stored"/>.</summary>
    public static WeightFormat Parse(string? name) => name switch
    {
        null or "bf16" => WeightFormat.Stored,
        "int8" => WeightFormat.Int8,
        "int4" => WeightFormat.Int4,
        _ => throw new ArgumentException($"Dtype: expected {string.Join(", ", Names)}, found '{name}'"),
    };

    public static string Name(this WeightFormat format) => Names[(int)format];

    /// <summary>What embedding table and head are kept as.</summary>
    internal static WeightFormat OfTable(this WeightFormat format) => format == WeightFormat.Stored ? format : WeightFormat.Int8;
}
