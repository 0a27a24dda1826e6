using Sluice.Engine.Planning;
using Sluice.Engine.Sampling;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

/// <summary>What sequences come to does not depend on chunks, batch-mates, shared pages or giving way.</summary>
public sealed class AnswersTests
{
    public static TheoryData<int, int, int, bool> Shapes()
    {
        TheoryData<int, int, int, bool> shapes = [];
        foreach (int stepTokens in (int[])[1, 7, 64])
        {
            foreach (int sequences in (int[])[1, 2, 8, 64])
            {
                foreach (int pages in (int[])[12, 400])
                {
                    shapes.Add(stepTokens, sequences, pages, true);
                    shapes.Add(stepTokens, sequences, pages, false);
                }
            }
        }

        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_mixed_batch_answers_as_each_alone(int stepTokens, int sequences, int pages, bool share)
    {
        PlannerRig rig = new(pages, stepTokens, sequences, share, context: 192);
        int[] shared = Prompt(1, 40);
        List<(Sequence Sequence, int[] Expected)> generated = [];
        List<Sequence> scored = [];
        List<Sequence> embedded = [];
        for (int i = 0; i < 12; i++)
        {
            int[] prompt = i % 2 == 0 ? [.. shared, .. Prompt(i, 1 + (5 * i))] : Prompt(i, 1 + (7 * i));
            generated.Add((rig.Add(Generate(prompt, 3 + (4 * i))), rig.Model.Greedy(prompt, 3 + (4 * i))));
            if (i % 3 == 0)
                scored.Add(rig.Add(Score(prompt, Prompt(50, 1), Prompt(51, 2), Prompt(52, 20))));
            if (i % 4 == 0)
                embedded.Add(rig.Add(Embed(prompt)));
        }

        rig.RunToEnd();
        Assert.All(generated, pair => Assert.Equal(pair.Expected, Generated(pair.Sequence)));
        Assert.All(scored, s => Assert.Equal(Sums(rig, s.Request), s.ChoiceSums));
        Assert.All(embedded, s => Assert.Equal(Mean(rig, s.Request.Prompt), s.Mean!.Unit()));
        if (pages == 12 && sequences > 2)
            Assert.True(rig.Planner.Preemptions > 0 || stepTokens == 1, "the small pool was meant to be short of pages");
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(15)]
    [InlineData(40)]
    public void A_score_is_the_sum_of_forward_passes_one_by_one(int promptLength)
    {
        PlannerRig rig = new(stepTokens: 64, outputs: 64);
        Sequence sequence = rig.Add(Score(Prompt(1, promptLength), Prompt(2, 1), Prompt(3, 7), Prompt(4, 18)));
        int steps = rig.RunToEnd();
        Assert.Equal(Sums(rig, sequence.Request), sequence.ChoiceSums);
        Assert.Equal(2, steps); // the prompt; all choices together
        Assert.Equal(promptLength + 6 + 17, rig.Model.Rows);
    }

    [Fact]
    public void A_score_of_many_choices_keeps_within_outputs_and_pages()
    {
        PlannerRig rig = new(pages: 6, stepTokens: 16, sequences: 4, outputs: 5);
        int[][] choices = [.. Enumerable.Range(0, 20).Select(i => Prompt(i, 1 + (i % 9)))];
        Sequence sequence = rig.Add(Score(Prompt(1, 37), choices));
        rig.RunToEnd();
        Assert.Equal(Sums(rig, sequence.Request), sequence.ChoiceSums);
    }

    [Fact]
    public void A_seed_draws_the_same_tokens_in_every_batch()
    {
        SamplingOptions sampling = new() { Temperature = 1.5f, TopK = 20, TopP = 0.9f, Seed = 1234, FrequencyPenalty = 0.3f };
        int[] prompt = Prompt(1, 50);
        PlannerRig alone = new();
        Sequence one = alone.Add(Generate(prompt, 60, sampling));
        alone.RunToEnd();
        PlannerRig crowded = new(pages: 12, stepTokens: 7);
        for (int i = 0; i < 5; i++)
            crowded.Add(Generate(Prompt(i, 20), 60, sampling with { Seed = i }));
        Sequence other = crowded.Add(Generate(prompt, 60, sampling));
        Sequence another = crowded.Add(Generate(prompt, 60, sampling with { Seed = 4321 }));
        crowded.RunToEnd();
        Assert.True(crowded.Planner.Preemptions > 0);
        Assert.Equal(Generated(one), Generated(other));
        Assert.NotEqual(Generated(one), Generated(another));
    }

    [Fact]
    public void An_end_id_ends_and_is_left_out()
    {
        PlannerRig free = new();
        int[] prompt = Prompt(1, 20);
        int[] ids = free.Model.Greedy(prompt, 40);
        int end = ids[25];
        PlannerRig rig = new(endIds: [end]);
        Sequence stopped = rig.Add(Generate(prompt, 40));
        Sequence past = rig.Add(Generate(prompt, 40) with { IgnoreEnd = true });
        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(prompt, 40, end), Generated(stopped));
        Assert.Equal(FinishReason.Stop, stopped.FinishReason);
        Assert.Equal(ids, Generated(past));
        Assert.Equal(FinishReason.Length, past.FinishReason);
    }

    internal static double[] Sums(PlannerRig rig, EngineRequest request)
    {
        LogProbabilities logProbabilities = new(Vocabulary);
        double[] sums = new double[request.Choices.Count];
        for (int c = 0; c < sums.Length; c++)
        {
            for (int i = 0; i < request.Choices[c].Length; i++)
            {
                float[] logits = rig.Model.LogitsAfter([.. request.Prompt, .. request.Choices[c][..i]]);
                sums[c] += logits[request.Choices[c][i]] - logProbabilities.Normalizer(logits);
            }
        }

        return sums;
    }

    internal static float[] Mean(PlannerRig rig, int[] prompt)
    {
        RowMean mean = new(rig.Model.HiddenSize);
        for (int i = 1; i <= prompt.Length; i++)
            mean.Add(rig.Model.HiddenAfter(prompt.AsSpan(0, i)));
        return mean.Unit();
    }
}
