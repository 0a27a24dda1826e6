using System.Buffers.Binary;
using System.Text.Json;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Models;

public sealed class ModelTests : IDisposable
{
    private readonly RandomFolder _folder = new(RandomFolder.Odd);

    [Fact]
    public void The_same_shape_and_seed_give_the_same_revision_and_another_seed_another()
    {
        using RandomFolder twin = new(RandomFolder.Odd);
        using RandomFolder stranger = new(RandomFolder.Odd, seed: 8);
        using Model a = _folder.Load("cpu");
        using Model b = twin.Load("reference");
        using Model c = stranger.Load("cpu");
        Assert.Equal(a.Revision, b.Revision);
        Assert.NotEqual(a.Revision, c.Revision);
        Assert.Matches("^[0-9a-f]{16}$", a.Revision);
    }

    [Fact]
    public void The_weight_format_is_part_of_the_revision_and_of_the_budget()
    {
        using Model stored = _folder.Load("cpu");
        using Model int8 = _folder.Load("cpu", weights: WeightFormat.Int8);
        using Model int4 = _folder.Load("cpu", weights: WeightFormat.Int4);
        Assert.Equal(3, new[] { stored.Revision, int8.Revision, int4.Revision }.Distinct().Count());
        Assert.Equal(int8.Revision, ModelRevision.Compute(_folder.Path, WeightFormat.Int8, KvFormat.Float32));
        Assert.True(int8.Memory.WeightBytes < stored.Memory.WeightBytes);
        using Model bytes = _folder.Load("cpu", kv: KvFormat.Int8);
        Assert.NotEqual(stored.Revision, bytes.Revision);
        Assert.Equal(bytes.Revision, ModelRevision.Compute(_folder.Path, kv: KvFormat.Int8));
        Assert.Equal(2L * 2 * ((2 * 16 * 4) + (16 * (20 + 32))), bytes.Memory.KvBytesPerPage);
    }

    [Theory]
    [InlineData("generation_config.json", """{"eos_token_id":[1,2]}""")]
    [InlineData("tokenizer_config.json", """{"add_bos_token":true}""")]
    public void What_decides_where_an_answer_begins_and_ends_is_part_of_the_revision(string file, string text)
    {
        string without = ModelRevision.Compute(_folder.Path);
        File.WriteAllText(Path.Combine(_folder.Path, file), text);
        Assert.NotEqual(without, ModelRevision.Compute(_folder.Path));
    }

    [Fact]
    public void A_tokenizer_is_part_of_the_revision()
    {
        using Model without = _folder.Load("cpu");
        File.WriteAllText(Path.Combine(_folder.Path, "tokenizer.json"), "{}");
        using Model with = _folder.Load("cpu");
        Assert.NotEqual(without.Revision, with.Revision);
    }

    [Fact]
    public void A_model_that_does_not_fit_is_refused_with_the_numbers()
    {
        ModelOptions options = new() { Backend = "cpu", KvBytes = 1 << 20, MemoryLimit = 1 << 20 };
        MemoryPlan plan = ModelInspection.Read(_folder.Path, options).Memory;
        InsufficientMemoryException error = Assert.Throws<InsufficientMemoryException>(() => Model.Load(_folder.Path, options));
        foreach (long bytes in new[] { plan.WeightBytes, plan.KvBytes, plan.ArenaBytes, plan.RuntimeBytes, 1 << 20 })
            Assert.Contains($" {bytes}", error.Message, StringComparison.Ordinal);
        using Model fits = Model.Load(_folder.Path, options with { MemoryLimit = plan.TotalBytes });
        Assert.Equal(plan, fits.Memory);
    }

    [Theory]
    [InlineData(0, 64, 128, 1 << 20, 1, "MaxStepTokens")]
    [InlineData(512, 0, 128, 1 << 20, 1, "MaxSequences")]
    [InlineData(512, 64, 0, 1 << 20, 1, "MaxOutputs")]
    [InlineData(512, 64, 128, 1, 1, "KvBytes")]
    [InlineData(512, 64, 128, 1 << 20, 0, "Threads")]
    public void An_option_out_of_range_is_named(int tokens, int sequences, int outputs, long kvBytes, int threads, string named)
    {
        ModelOptions options = new() { Backend = "cpu", MaxStepTokens = tokens, MaxSequences = sequences, MaxOutputs = outputs, KvBytes = kvBytes, Threads = threads };
        Assert.Contains(named, Assert.ThrowsAny<ArgumentException>(() => Model.Load(_folder.Path, options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspection_counts_what_the_files_hold()
    {
        ModelInspection inspection = ModelInspection.Read(_folder.Path, new ModelOptions { KvBytes = 1 << 20 });
        Assert.Equal(inspection.Config.Parameters, inspection.Parameters);
        Assert.Equal(2 * inspection.Parameters, inspection.BytesByType["BF16"]);
        Assert.Single(inspection.BytesByType);
        Assert.Equal(20, inspection.Tensors);
        Assert.Equal(2L * 2 * 16 * (20 + 32) * 2, inspection.Memory.KvBytesPerPage);
        Assert.Equal((1 << 20) / inspection.Memory.KvBytesPerPage * 16, inspection.KvTokens);
    }

    [Fact]
    public void A_broken_plan_is_refused_before_a_kernel_sees_it()
    {
        using Model model = _folder.Load("cpu");
        Refused("Tokens[1]", plan => plan.Tokens[1] = 257);
        Refused("Tokens[0]", plan => plan.Tokens[0] = -1);
        Refused("Positions", plan => plan.Positions[2] = 1);
        Refused("Pages[0]", plan => plan.Pages[0] = model.Memory.Pages);
        Refused("PageStart[0]", plan => plan.PageStart[1] = 0);
        Refused("SegmentContext[0]", plan => plan.SegmentContext[0] = -1);
        Refused("last position", plan => plan.SegmentContext[0] = 255);
        Refused("SegmentRow", plan => plan.SegmentRow[1] = 2);
        Refused("SegmentRow[0]", plan => plan.SegmentRow[0] = 1);
        Refused("OutputRows[0]", plan => plan.OutputRows[0] = 3);
        Refused("HiddenRows[0]", plan => plan.HiddenRows[0] = -1);
        Refused("Rows", plan => plan.Rows = 161);
        Refused("Segments", plan => plan.Segments = 9);

        void Refused(string named, Action<StepPlan> breakIt)
        {
            GreedyDriver driver = new(model);
            driver.Step(([5, 6, 7], 0, 0));
            breakIt(driver.Plan);
            Assert.Contains(named, Assert.Throws<ArgumentException>(() => model.Forward(driver.Plan)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("cpu", WeightFormat.Stored)]
    [InlineData("reference", WeightFormat.Stored)]
    [InlineData("cpu", WeightFormat.Int8)]
    [InlineData("cpu", WeightFormat.Int4)]
    [InlineData("reference", WeightFormat.Int8)]
    [InlineData("reference", WeightFormat.Int4)]
    public void A_weight_that_is_no_number_is_refused_by_the_name_of_its_tensor(string backend, WeightFormat weights)
    {
        const string Name = "model.layers.1.mlp.down_proj.weight";
        string path = Assert.Single(Directory.GetFiles(_folder.Path, "*.safetensors"));
        byte[] file = File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using JsonDocument entries = JsonDocument.Parse(file.AsMemory(sizeof(long), header));
        int begin = entries.RootElement.GetProperty(Name).GetProperty("data_offsets")[0].GetInt32();
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(sizeof(long) + header + begin), 0x7fc0); // NaN as bfloat16
        File.WriteAllBytes(path, file);
        Assert.Contains(Name, Assert.Throws<ModelFormatException>(() => _folder.Load(backend, weights: weights)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(1 << 16)]
    public void The_memory_of_plans_grows_with_the_pages_not_with_the_context_that_a_config_claims(int sequences)
    {
        ModelOptions options = new() { KvBytes = 1 << 20, MaxSequences = sequences, GroupPrefixes = false };
        using RandomFolder longer = new(RandomFolder.Odd with { ContextLength = 1 << 20 });
        using RandomFolder longest = new(RandomFolder.Odd with { ContextLength = 1 << 24 });
        MemoryPlan one = ModelInspection.Read(longer.Path, options).Memory;
        Assert.Equal(one, ModelInspection.Read(longest.Path, options).Memory);
        MemoryPlan none = ModelInspection.Read(longer.Path, options with { KvBytes = one.KvBytesPerPage }).Memory;
        Assert.Equal(2L * sizeof(int) * sequences * (one.Pages - 1), one.ArenaBytes - none.ArenaBytes); // a plan's own and its copy for kernels
    }

    [Fact]
    public void Hidden_states_times_the_table_are_the_logits()
    {
        using Model model = _folder.Load("reference");
        new GreedyDriver(model).Step(true, ([5, 6, 7], 0, 0));
        Assert.Equal(72, model.Hidden(2).Length);
        Assert.Equal(257, model.Logits(2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Hidden(3).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Logits(3).Length);
        Assert.InRange(MathF.Sqrt(model.Hidden(1).ToArray().Average(x => x * x)), 0.8f, 1.2f);
    }

    public void Dispose() => _folder.Dispose();
}
