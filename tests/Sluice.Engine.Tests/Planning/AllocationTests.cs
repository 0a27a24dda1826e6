using Sluice.Engine.Cache;
using Sluice.Engine.Models;
using Sluice.Engine.Planning;
using Sluice.Engine.Quantization;
using Sluice.Engine.Speculation;
using Sluice.Engine.Tests.Models;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

/// <summary>Alone: what the runtime does for others on a full machine was counted on this thread, too, a few times in hundreds of runs.</summary>
[Collection(nameof(Allocations))]
public sealed class AllocationTests
{
    [Theory]
    [InlineData(64)]
    [InlineData(7)]
    public void A_thousand_warm_decode_steps_allocate_nothing(int stepTokens)
    {
        PlannerRig rig = new(pages: 5000, stepTokens, sequences: 16, context: 4000);
        SamplingOptions drawn = new() { Temperature = 1, TopK = 10, TopP = 0.9f, RepetitionPenalty = 1.1f, FrequencyPenalty = 0.1f, Seed = 3 };
        for (int i = 0; i < 16; i++)
            rig.Add(Generate(Prompt(i, 20), 3900, i % 2 == 0 ? SamplingOptions.Greedy : drawn));
        while (rig.Planner.Running.Count(s => s.Trunk.Length > 40) < 16)
            rig.RunPlanned(rig.Planner.Next());
        Assert.Equal(16, rig.Planner.Running.Count(s => s.Decoding));
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 1000; i++)
                rig.RunPlanned(rig.Planner.Next());
        }));
        Assert.Equal(16, rig.Planner.Running.Count(s => s.Decoding));
    }

    [Fact]
    public void A_thousand_warm_steps_with_guesses_allocate_nothing()
    {
        PlannerRig rig = new(pages: 16_000, stepTokens: 64, sequences: 16, context: 16_000, outputs: 64, drafter: new PromptLookupDrafter(), mostTokens: 4);
        SamplingOptions seeded = new() { Temperature = 1, TopK = 10, TopP = 0.9f, RepetitionPenalty = 1.1f, Seed = 3 };
        SamplingOptions drawn = new() { Temperature = 1, FrequencyPenalty = 0.1f };
        for (int i = 0; i < 16; i++)
            rig.Add(Generate(Prompt(i, 20), 15_900, i % 3 == 0 ? SamplingOptions.Greedy : i % 3 == 1 ? seeded : drawn));
        while (rig.Planner.Running.Count(s => s.Trunk.Length > 200) < 16)
            rig.RunPlanned(rig.Next());
        long drafted = rig.Reader.DraftedTokens;
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 1000; i++)
                rig.RunPlanned(rig.Next());
        }));
        Assert.True(rig.Reader.DraftedTokens - drafted > 1000);
        Assert.Equal(16, rig.Planner.Running.Count(s => s.Decoding));
    }

    [Theory]
    [InlineData(1, WeightFormat.Stored)]
    [InlineData(2, WeightFormat.Int8)]
    public void With_a_real_model_they_allocate_nothing_either(int threads, WeightFormat weights)
    {
        using RandomFolder folder = new(RandomFolder.Wide with { ContextLength = 4096 });
        using Model model = folder.Load("cpu", threads, weights);
        PrefixCache cache = new(new PagePool(model.Memory.Pages), share: true);
        Planner planner = new(new PlannerLimits(8, 160, 160, model.Config.ContextLength), cache);
        StepModel steps = new(model.Forward, model.Logits, model.Largest, model.Hidden, model.CopyPage);
        StepReader reader = new(steps, planner, model.Config.VocabularySize, []);
        SamplingOptions drawn = new() { Temperature = 1, MinP = 0.05f, LogitBias = [new(3, 1)], PresencePenalty = 0.1f, Seed = 1 };
        for (int i = 0; i < 4; i++)
            planner.Add(new Sequence(Generate(Prompt(i, 10), 3500, i == 3 ? drawn : null), 3510));
        List<Sequence> finished = [];
        Run(100);
        Assert.Equal(0, Allocations.Least(() => Run(1000)));
        Assert.Equal(4, planner.Running.Count(s => s.Decoding));

        void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                Step step = planner.Next();
                steps.Run(step);
                planner.Commit();
                reader.Read(step, finished);
            }
        }
    }
}
