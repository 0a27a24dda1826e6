using Sluice.Engine.Models;
using Sluice.Engine.Tensors;
using Xunit;

namespace Sluice.Engine.Tests.Models;

/// <summary>A prompt of 8,192 tokens takes memory in proportion to its length, all of it counted before loading.</summary>
public sealed class LongPromptTests : IDisposable
{
    private static readonly ModelShape Shape = new()
    {
        HiddenSize = 16,
        Layers = 1,
        Heads = 2,
        KvHeads = 1,
        HeadDim = 8,
        Intermediate = 32,
        Vocabulary = 64,
        ContextLength = 8192,
    };

    private readonly RandomFolder _folder = new(Shape);

    [Fact]
    public void Nothing_is_allocated_while_it_is_computed()
    {
        ModelOptions options = new() { Backend = "cpu", KvBytes = 16 << 20, Threads = 2, MaxStepTokens = 512, MaxSequences = 2, MaxOutputs = 2 };
        using Model model = Model.Load(_folder.Path, options);
        GreedyDriver driver = new(model);
        int[] prompt = [.. Enumerable.Range(0, 8192).Select(i => i * 31 % 64)];
        driver.Prefill(prompt[..1024], 512);
        Span<float> last = stackalloc float[64];
        long native = NativeBuffer.TakenByThread;
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int done = 0; done < prompt.Length; done += 512)
                Step(model, driver, prompt, done);
        }));
        Assert.Equal(0, NativeBuffer.TakenByThread - native);
        Assert.True(float.IsFinite(model.Logits(0)[0]));
        model.Logits(0).CopyTo(last);
        Assert.Equal(last.ToArray(), driver.Prefill(prompt, 333));
    }

    [Fact]
    public void What_is_counted_grows_with_the_length_and_not_with_its_square()
    {
        long[] arena = new long[3];
        for (int i = 0; i < 3; i++)
        {
            using RandomFolder folder = new(Shape with { ContextLength = 8192 << i });
            arena[i] = ModelInspection.Read(folder.Path, new ModelOptions { Backend = "cpu" }).Memory.ArenaBytes;
        }

        Assert.Equal(2 * (arena[1] - arena[0]), arena[2] - arena[1]);
        Assert.True(arena[2] < 4L * 8192 * 8192, $"{arena[2]} bytes");
    }

    public void Dispose() => _folder.Dispose();

    private static void Step(Model model, GreedyDriver driver, int[] prompt, int done)
    {
        Sluice.Engine.Sequences.StepPlan plan = driver.Plan;
        plan.Rows = 512;
        plan.Segments = plan.Outputs = 1;
        plan.Hiddens = 0;
        plan.SegmentRow[1] = 512;
        plan.SegmentContext[0] = done;
        plan.PageStart[1] = (done + 512) / 16;
        plan.OutputRows[0] = 511;
        for (int i = 0; i < plan.PageStart[1]; i++)
            plan.Pages[i] = i;
        for (int i = 0; i < 512; i++)
        {
            plan.Tokens[i] = prompt[done + i];
            plan.Positions[i] = done + i;
        }

        model.Forward(plan);
    }
}
