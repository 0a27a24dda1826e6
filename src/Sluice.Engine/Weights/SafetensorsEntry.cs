namespace Sluice.Engine.Weights;

/// <summary>A tensor as a safetensors header tells of it.</summary>
/// <param name="Name">As in the header.</param>
/// <param name="Type">Element type as written, <c>BF16</c>.</param>
/// <param name="Shape">Outermost first; empty for a scalar.</param>
/// <param name="Begin">First byte, from the start of the data.</param>
/// <param name="End">One past the last byte.</param>
internal sealed record SafetensorsEntry(string Name, string Type, long[] Shape, long Begin, long End)
{
    public long Elements => Shape.Aggregate(1L, (product, dimension) => product * dimension);

    public string ShapeText => $"({string.Join(", ", Shape)})";
}
