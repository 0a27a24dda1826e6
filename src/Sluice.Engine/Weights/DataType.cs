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
    /// <summary>Bytes per element.</summary>
    public static int Size(this DataType type) => type == DataType.Float32 ? 4 : 2;
}
