using System.Text.Json;
using Sluice.Engine.Models;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Models;

/// <summary>
/// Random models of odd shapes against logits that the reference backend gave when it agreed with a trained model's golden file. To write the file anew,
/// set SLUICE_WRITE_GOLDEN to its path and run this class: only after a change that is meant to change results.
/// </summary>
public sealed class OwnGoldenTests(ITestOutputHelper output)
{
    private const string Resource = "random-models.golden.json";
    private const float Tolerance = 2e-4f;
    private const int Kept = 24;

    private static readonly int[] Prompt = [.. Enumerable.Range(0, 45).Select(i => ((i * i * 3) + i + 1) % 257)];

    private static readonly Dictionary<string, ModelShape> Shapes = new()
    {
        ["tied-bf16"] = RandomFolder.Odd,
        ["untied-f32-sharded"] = RandomFolder.Odd with { Tied = false, DataType = DataType.Float32, Shards = 3 },
        ["untied-f16-linear"] = RandomFolder.Odd with { Tied = false, DataType = DataType.Float16, RopeScaling = new RopeScaling(RopeScalingKind.Linear, 4) },
        ["tied-bf16-llama3"] = RandomFolder.Odd with { RopeTheta = 500_000, RopeScaling = new RopeScaling(RopeScalingKind.Llama3, 8, 1, 4, 64) },
        ["untied-bf16-one-kv-head"] = RandomFolder.Odd with { Tied = false, Heads = 5, KvHeads = 1, HeadDim = 34, Layers = 3, Shards = 2 },
    };

    public static readonly TheoryData<string, string> Cases = [.. from name in Shapes.Keys from backend in new[] { "reference", "cpu" } select (name, backend)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_are_those_of_the_golden_file(string name, string backend)
    {
        float[] expected = Read()[name];
        float[] actual = Logits(name, backend);
        Assert.All(actual, value => Assert.True(float.IsFinite(value)));
        float worst = expected.Zip(actual, (a, b) => MathF.Abs(a - b)).Max();
        output.WriteLine($"{name} {backend}: largest difference {worst}");
        Assert.Equal(Kept, expected.Length);
        Assert.True(expected.Distinct().Count() > Kept / 2, "the logits differ from each other");
        Assert.InRange(worst, 0, Tolerance);
    }

    [Theory]
    [InlineData("tied-bf16")]
    [InlineData("tied-bf16-llama3")]
    [InlineData("untied-bf16-one-kv-head")]
    public void Assembled_kernels_are_as_near_as_rounded_activations_allow(string name)
    {
        float worst = Read()[name].Zip(Logits(name, "cpu", assembled: true), (a, b) => MathF.Abs(a - b)).Max();
        output.WriteLine($"{name}: largest difference {worst}");
        Assert.InRange(worst, 0, 0.03f);
    }

    [Fact]
    public void The_golden_file_has_every_shape()
    {
        string? path = Environment.GetEnvironmentVariable("SLUICE_WRITE_GOLDEN");
        if (!string.IsNullOrEmpty(path))
            Write(path);
        else
            Assert.Equal(Shapes.Keys.Order(), Read().Keys.Order());
    }

    private static float[] Logits(string name, string backend, bool assembled = false)
    {
        using RandomFolder folder = new(Shapes[name]);
        using Model model = folder.Load(backend, threads: 2, assembled: assembled);
        return new GreedyDriver(model).Prefill(Prompt, 20)[..Kept];
    }

    private static Dictionary<string, float[]> Read()
    {
        using Stream stream = typeof(OwnGoldenTests).Assembly.GetManifestResourceStream(Resource)!;
        using JsonDocument document = JsonDocument.Parse(stream);
        return document.RootElement.EnumerateObject().ToDictionary(
            item => item.Name, item => item.Value.EnumerateArray().Select(value => value.GetSingle()).ToArray());
    }

    private static void Write(string path)
    {
        using FileStream stream = File.Create(path);
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        foreach (string name in Shapes.Keys)
        {
            writer.WriteStartArray(name);
            foreach (float value in Logits(name, "reference"))
                writer.WriteNumberValue(value);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
