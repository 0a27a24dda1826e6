using System.Text.Json;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Xunit;

namespace Sluice.Engine.Tests.Models;

/// <summary>A trained model of 260,000 parameters against what a float32 reference outside this project says.</summary>
public sealed class StoriesGoldenTests(ITestOutputHelper output)
{
    private const float Tolerance = 2e-4f;

    [Theory]
    [InlineData("reference", KvFormat.Float32, Tolerance)]
    [InlineData("cpu", KvFormat.Float32, Tolerance)]
    [InlineData("reference", KvFormat.BFloat16, 0.1f)]
    [InlineData("cpu", KvFormat.BFloat16, 0.1f)]
    public void Logits_and_greedy_ids_are_those_of_the_golden_file(string backend, KvFormat kv, float tolerance)
    {
        string folder = Folder();
        using Model model = Model.Load(folder, new ModelOptions { Backend = backend, Kv = kv, KvBytes = 4 << 20 });
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "golden.json")));
        GreedyDriver driver = new(model);
        float worst = 0;
        foreach (JsonElement item in golden.RootElement.EnumerateArray())
        {
            int[] prompt = [.. item.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32())];
            int[] expected = [.. item.GetProperty("greedy_ids").EnumerateArray().Select(id => id.GetInt32())];
            float[] logits = driver.Prefill(prompt, model.Options.MaxStepTokens);
            float[] first = [.. item.GetProperty("last_prompt_logits_first8").EnumerateArray().Select(value => value.GetSingle())];
            for (int i = 0; i < first.Length; i++)
                worst = MathF.Max(worst, MathF.Abs(first[i] - logits[i]));
            Assert.Equal(expected, driver.Generate(prompt, expected.Length));
        }

        output.WriteLine($"{model.BackendName}, KV {kv}: largest difference {worst}");
        Assert.InRange(worst, 0, tolerance);
    }

    [Fact]
    public void All_logits_of_the_vector_kernels_are_those_of_the_reference()
    {
        string folder = Folder();
        using Model truth = Model.Load(folder, new ModelOptions { Backend = "reference", Kv = KvFormat.Float32, KvBytes = 4 << 20 });
        using Model model = Model.Load(folder, new ModelOptions { Backend = "cpu", Kv = KvFormat.Float32, KvBytes = 4 << 20 });
        GreedyDriver expected = new(truth);
        GreedyDriver actual = new(model);
        int[] prompt = [1, .. Enumerable.Range(3, 120).Select(i => i * 37 % 512)];
        expected.Step(true, (prompt, 0, 0));
        actual.Step(true, (prompt, 0, 0));
        float worst = 0;
        for (int row = 0; row < prompt.Length; row++)
        {
            for (int i = 0; i < truth.Config.VocabularySize; i++)
                worst = MathF.Max(worst, MathF.Abs(truth.Logits(row)[i] - model.Logits(row)[i]));
        }

        output.WriteLine($"{model.BackendName}: largest difference {worst}");
        Assert.InRange(worst, 0, Tolerance);
    }

    private static string Folder() => SharedFiles.FindOrSkip("models/stories260k");
}
