namespace Sluice.Engine.Weights;

/// <summary>How a weight is stored.</summary>
public enum DataType
{
    Float32,
    Float16,
    BFloat16,
}

public static class DataTypes
{
    /// <summary>The type that a safetensors header names so (<c>BF16</c>); null where weights are of none such.</summary>
    internal static DataType? Parse(string name) => name switch
    {
        "F32" => DataType.Float32,
        "F16" => DataType.Float16,
        "BF16" => DataType.BFloat16,
        _ => null,
    };

    /// <summary>Bytes per element.</summary>
    public static int Size(this DataType type) => type == DataType.Float32 ? 4 : 2;
}
