using Sluice.Engine.Models;
using Sluice.Engine.Tensors;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests;

/// <summary>The folder of a trained model, by name. A copy that was made for the test is gone afterwards.</summary>
internal sealed class TrainedFolder : IDisposable
{
    public const string Demo = "demo";
    public const string Stories = "stories260k";

    /// <summary>stories260k is float32 in its file; here its weights are rounded to bfloat16, as the demo's are, so that kernels of bfloat16 run it.</summary>
    public const string StoriesAsBFloat16 = "stories260k as bf16";

    private const string Weights = "model.safetensors";

    private readonly string? _copy;

    /// <summary>Skips the test where the model is not here.</summary>
    public TrainedFolder(string model)
    {
        if (model == Demo)
        {
            Path = DemoFolders.Model;
            return;
        }

        Path = SharedFiles.FindOrSkip("models/" + Stories);
        if (model == Stories)
            return;
        Assert.Equal(StoriesAsBFloat16, model);
        _copy = Directory.CreateTempSubdirectory("sluice-bf16-").FullName;
        CopyAsBFloat16(Path, _copy);
        Path = _copy;
        ModelInspection inspection = ModelInspection.Read(_copy, new ModelOptions());
        Assert.Equal("BF16", Assert.Single(inspection.BytesByType.Keys));
        Assert.Equal(DataType.BFloat16, inspection.Config.DataType);
    }

    public string Path { get; }

    public void Dispose()
    {
        if (_copy is not null)
            Directory.Delete(_copy, recursive: true);
    }

    private static unsafe void CopyAsBFloat16(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*.json"))
        {
            string text = File.ReadAllText(file);
            if (System.IO.Path.GetFileName(file) == "config.json")
                text = text.Replace("\"float32\"", "\"bfloat16\"", StringComparison.Ordinal);
            File.WriteAllText(System.IO.Path.Combine(to, System.IO.Path.GetFileName(file)), text);
        }

        Dictionary<string, float[]> values = [];
        List<(string Name, int[] Shape)> tensors = [];
        using SafetensorsFile source = SafetensorsFile.Open(System.IO.Path.Combine(from, Weights));
        foreach (SafetensorsEntry entry in source.Entries)
        {
            Assert.Equal("F32", entry.Type);
            using NativeBuffer copy = source.Read(entry);
            values[entry.Name] = new ReadOnlySpan<float>(copy.Floats, (int)entry.Elements).ToArray();
            tensors.Add((entry.Name, [.. entry.Shape.Select(dimension => (int)dimension)]));
        }

        SafetensorsWriter.Write(
            System.IO.Path.Combine(to, Weights), DataType.BFloat16, tensors,
            (name, _, first, target) => values[name].AsSpan((int)first, target.Length).CopyTo(target));
    }
}
