using Sluice.Engine.Weights;
using Sluice.Tuning.Training;
using Xunit;

namespace Sluice.Engine.Tests.Training;

public sealed class CheckpointWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-training-").FullName;
    private readonly Parameters<float> _parameters = new(new TrainingShape(Hidden: 12, Layers: 1, Heads: 3, KvHeads: 1, Intermediate: 20, Vocabulary: 17, Context: 16));

    private string FilePath => Path.Combine(_folder, "model.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(float.MaxValue)] // infinite once it is rounded to bfloat16
    public void A_weight_that_is_not_finite_is_refused_and_the_file_before_it_stays(float weight)
    {
        byte[] before = Written(seed: 1);
        _parameters.Values[_parameters["model.layers.0.mlp.up_proj.weight"].Offset + 7] = weight;
        string message = Assert.Throws<ModelFormatException>(() => CheckpointWriter.Write(FilePath, _parameters)).Message;
        Assert.Contains("'model.layers.0.mlp.up_proj.weight'", message, StringComparison.Ordinal);
        Assert.Contains("at element 7", message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(FilePath));
        Assert.Single(Directory.GetFiles(_folder));
    }

    private byte[] Written(int seed)
    {
        _parameters.Initialise(seed);
        CheckpointWriter.Write(FilePath, _parameters);
        return File.ReadAllBytes(FilePath);
    }
}
