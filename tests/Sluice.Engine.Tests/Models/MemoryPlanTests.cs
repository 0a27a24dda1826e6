using Sluice.Engine.Backends;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tests.Weights;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Models;

public sealed class MemoryPlanTests
{
    [Theory]
    [InlineData("cpu", false)]
    [InlineData("cpu", true)]
    [InlineData("reference", false)]
    public void Weights_are_planned_as_they_are_packed_whatever_the_config_says_of_their_type(string backend, bool assembled)
    {
        using IBackend machine = BackendPicker.Create(null, backend, 1, assembled, evenSlow: true);
        Same(DataType.BFloat16, tied: true, _ => DataType.Float32);
        Same(DataType.BFloat16, tied: false, _ => DataType.Float16);
        Same(DataType.Float32, tied: false, _ => DataType.BFloat16);
        Same(DataType.BFloat16, tied: true, name => name.Contains("k_proj", StringComparison.Ordinal) ? DataType.Float16 : DataType.BFloat16); // q, k and v become float32
        Same(DataType.Float32, tied: false, name => name.Contains("layers.1.", StringComparison.Ordinal) || name == "lm_head.weight" ? DataType.BFloat16 : DataType.Float32);

        void Same(DataType claimed, bool tied, Func<string, DataType> typeOf)
        {
            using RandomFolder folder = new(RandomFolder.Odd with { DataType = claimed, Tied = tied });
            new WeightsCopy(folder.Path).Write(typeOf);
            ModelConfig config = ModelConfig.Read(folder.Path);
            using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
            foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
            {
                using LlamaWeights weights = new(checkpoint, config, machine, format);
                Assert.Equal(Bytes(weights), LlamaWeights.PackedBytes(checkpoint, config, machine, format));
            }
        }
    }

    [Fact]
    public void A_model_whose_files_are_wider_than_its_config_says_is_refused_where_they_do_not_fit()
    {
        ModelOptions options = new() { Backend = "cpu", Assembled = false, KvBytes = 1 << 20 };
        using RandomFolder folder = new(RandomFolder.Odd);
        MemoryPlan narrow = ModelInspection.Read(folder.Path, options).Memory;
        new WeightsCopy(folder.Path).Write(_ => DataType.Float32);
        MemoryPlan wide = ModelInspection.Read(folder.Path, options).Memory;
        Assert.InRange(wide.WeightBytes, narrow.WeightBytes * 19 / 10, narrow.WeightBytes * 2); // norms are float32 in both
        Assert.Throws<InsufficientMemoryException>(() => Model.Load(folder.Path, options with { MemoryLimit = wide.TotalBytes - 1 }));
        using Model fits = Model.Load(folder.Path, options with { MemoryLimit = wide.TotalBytes });
        Assert.Equal(wide, fits.Memory);
    }

    private static long Bytes(LlamaWeights weights)
    {
        long bytes = weights.Embedding.Buffer.Bytes + weights.Norm.Bytes + (ReferenceEquals(weights.Head, weights.Embedding) ? 0 : weights.Head.Buffer.Bytes);
        foreach (LlamaWeights.Block block in weights.Blocks)
        {
            bytes += block.AttentionNorm.Bytes + block.Attention.Buffer.Bytes + block.Output.Buffer.Bytes
                + block.FeedForwardNorm.Bytes + block.FeedForward.Buffer.Bytes + block.Down.Buffer.Bytes;
        }

        return bytes;
    }
}
