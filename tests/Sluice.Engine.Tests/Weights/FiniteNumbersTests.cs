using System.Buffers.Binary;
using Sluice.Engine.Quantization;
using Sluice.Engine.Tensors;
using Sluice.Engine.Tests.Models;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Weights;

public sealed class FiniteNumbersTests
{
    private const float LargestBFloat16 = 3.3895314e38f;

    [Theory]
    [InlineData(DataType.Float32, float.MaxValue)]
    [InlineData(DataType.Float16, 65504f)]
    [InlineData(DataType.BFloat16, LargestBFloat16)]
    public void The_first_that_is_infinite_or_not_a_number_is_found_wherever_it_stands(DataType type, float largest)
    {
        for (int count = 0; count <= 70; count++)
        {
            byte[] bytes = new byte[count * type.Size()];
            for (int i = 0; i < count; i++)
                Write(bytes, type, i, i % 2 == 0 ? largest : -largest);
            Assert.Equal(-1, FiniteNumbers.FirstOther(bytes, type));
            for (int i = count - 1; i >= 0; i--) // all behind it are others too
            {
                Write(bytes, type, i, (i % 3) switch { 0 => float.NaN, 1 => float.PositiveInfinity, _ => float.NegativeInfinity });
                Assert.Equal(i, FiniteNumbers.FirstOther(bytes, type));
            }
        }
    }

    [Theory]
    [InlineData("model.embed_tokens.weight", DataType.BFloat16, float.NaN, (200 * 72) + 71, "(200, 71)")]
    [InlineData("model.embed_tokens.weight", DataType.Float32, float.PositiveInfinity, 0, "(0, 0)")]
    [InlineData("model.layers.1.mlp.down_proj.weight", DataType.Float32, float.NaN, (71 * 101) + 100, "(71, 100)")]
    [InlineData("model.layers.1.self_attn.v_proj.weight", DataType.Float16, float.NegativeInfinity, 72, "(1, 0)")]
    [InlineData("model.layers.0.input_layernorm.weight", DataType.BFloat16, float.NegativeInfinity, 71, "(71)")]
    [InlineData("model.norm.weight", DataType.Float32, float.NaN, 3, "(3)")]
    public void A_model_with_such_a_weight_is_refused_by_tensor_and_place(string name, DataType type, float value, int element, string place)
    {
        using RandomFolder folder = new(RandomFolder.Odd);
        WeightsCopy copy = new(folder.Path);
        copy.Tensors[name].Values[element] = value;
        copy.Write(_ => type);
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            foreach (string backend in (string[])["cpu", "reference"])
            {
                string message = Assert.Throws<ModelFormatException>(() => folder.Load(backend, weights: format)).Message;
                Assert.Equal($"model-{type}.safetensors: tensor '{name}': expected finite numbers, found infinity or NaN at {place}", message);
            }
        }
    }

    [Fact]
    public void It_is_found_in_any_piece_that_a_tensor_is_read_in()
    {
        using RandomFolder folder = new(RandomFolder.Odd with { HiddenSize = 1024, Vocabulary = 1500, Intermediate = 32, Layers = 1 }); // a table of nearly three pieces of 1 MiB
        WeightsCopy copy = new(folder.Path);
        copy.Tensors["model.embed_tokens.weight"].Values[(1499 * 1024) + 1023] = float.NaN;
        copy.Write(_ => DataType.BFloat16);
        Assert.Contains("at (1499, 1023)", Assert.Throws<ModelFormatException>(() => folder.Load("cpu")).Message, StringComparison.Ordinal);
    }

    private static void Write(Span<byte> bytes, DataType type, int index, float value)
    {
        Span<byte> at = bytes[(index * type.Size())..];
        if (type == DataType.Float32)
            BinaryPrimitives.WriteSingleLittleEndian(at, value);
        else if (type == DataType.Float16)
            BinaryPrimitives.WriteHalfLittleEndian(at, (Half)value);
        else
            BinaryPrimitives.WriteUInt16LittleEndian(at, BFloat16.Narrow(value));
    }
}
