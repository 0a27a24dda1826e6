using System.Text.Json.Nodes;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Tests.Weights;

/// <summary>The weights of a model folder, to be changed and written again, each tensor as a type of its own.</summary>
internal sealed class WeightsCopy
{
    private readonly string _folder;

    public WeightsCopy(string folder)
    {
        _folder = folder;
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        foreach (SafetensorsEntry entry in checkpoint.Entries)
        {
            int[] shape = [.. entry.Shape.Select(size => (int)size)];
            TensorView view = checkpoint.Take(entry.Name, shape.Length == 1 ? 0 : shape[0], shape[^1]);
            float[] values = new float[view.Rows * view.Columns];
            for (int i = 0; i < values.Length; i++)
                values[i] = view[i / view.Columns, i % view.Columns];
            Tensors[entry.Name] = (shape, values);
        }
    }

    public Dictionary<string, (int[] Shape, float[] Values)> Tensors { get; } = [];

    /// <summary>A file for each type, and their index, in place of model.safetensors.</summary>
    public void Write(Func<string, DataType> typeOf)
    {
        File.Delete(Path.Combine(_folder, "model.safetensors"));
        JsonObject homes = [];
        foreach (IGrouping<DataType, string> group in Tensors.Keys.GroupBy(typeOf))
        {
            string file = $"model-{group.Key}.safetensors";
            List<(string Name, int[] Shape)> tensors = [.. group.Select(name => (name, Tensors[name].Shape))];
            SafetensorsWriter.Write(
                Path.Combine(_folder, file), group.Key, tensors,
                (name, _, first, values) => Tensors[name].Values.AsSpan((int)first, values.Length).CopyTo(values));
            foreach (string name in group)
                homes[name] = file;
        }

        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = homes }.ToJsonString());
    }
}
