namespace Sluice.Engine.Weights;

/// <summary>A safetensors file that breaks the format.</summary>
public sealed class SafetensorsException(SafetensorsError error, string file, string detail)
    : ModelFormatException($"{file}: {error}: {detail}")
{
    public SafetensorsError Error { get; } = error;
}
