using Sluice.Engine.Tests.Weights;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Models;

/// <summary>A checkpoint with a head although the config says that the embedding is the head.</summary>
public sealed class TiedHeadTests : IDisposable
{
    private const string Embedding = "model.embed_tokens.weight", Head = "lm_head.weight";

    private readonly RandomFolder _folder = new(RandomFolder.Odd);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DataType.BFloat16)]
    [InlineData(DataType.Float32)]
    public void A_head_of_the_embeddings_values_is_let_pass_in_whatever_type(DataType type)
    {
        Write(type, values => values[7] = -values[7], values => values[7] = -values[7]);
        _folder.Load("cpu").Dispose();
    }

    [Fact]
    public void A_head_of_zeros_of_the_other_sign_is_let_pass()
    {
        Write(DataType.BFloat16, values => values[7] = -0f, values => values[7] = 0);
        _folder.Load("cpu").Dispose();
    }

    [Theory]
    [InlineData(DataType.BFloat16)]
    [InlineData(DataType.Float32)]
    public void Another_head_is_refused_by_place_before_anything_else_is_read(DataType type)
    {
        Write(type, _ => { }, values => values[(3 * 72) + 5] = 1000, without: "model.layers.0.self_attn.q_proj.weight");
        string message = Assert.Throws<ModelFormatException>(() => _folder.Load("cpu")).Message;
        Assert.Contains($"'{Head}'", message, StringComparison.Ordinal);
        Assert.Contains("at (3, 5)", message, StringComparison.Ordinal);
    }

    private void Write(DataType head, Action<float[]> embedding, Action<float[]> change, string? without = null)
    {
        WeightsCopy copy = new(_folder.Path);
        (int[] shape, float[] values) = copy.Tensors[Embedding];
        float[] heads = [.. values];
        embedding(values);
        change(heads);
        copy.Tensors[Head] = (shape, heads);
        if (without is not null)
            copy.Tensors.Remove(without);
        copy.Write(name => name == Head ? head : DataType.BFloat16);
    }
}
