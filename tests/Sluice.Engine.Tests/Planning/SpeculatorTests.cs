using Sluice.Engine.Planning;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

/// <summary>Guesses change how many steps an answer takes and nothing else.</summary>
public sealed class SpeculatorTests
{
    public static TheoryData<double, int, int, int, int> Shapes()
    {
        TheoryData<double, int, int, int, int> shapes = [];
        foreach (double right in (double[])[0, 0.5, 0.9, 1])
        {
            foreach ((int stepTokens, int sequences, int pages) in ((int, int, int)[])[(64, 8, 400), (64, 8, 12), (7, 2, 12), (16, 64, 400), (3, 3, 400), (1, 1, 400)])
            {
                shapes.Add(right, stepTokens, sequences, pages, 8);
                shapes.Add(right, stepTokens, sequences, pages, 3);
            }
        }

        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_mixed_batch_answers_as_without_guesses(double right, int stepTokens, int sequences, int pages, int most)
    {
        KnownAnswersDrafter drafter = new(right);
        PlannerRig rig = new(pages, stepTokens, sequences, context: 192, drafter: drafter, mostTokens: most);
        int[] shared = Prompt(1, 40);
        List<(Sequence Sequence, int[] Expected)> generated = [];
        List<Sequence> scored = [];
        for (int i = 0; i < 12; i++)
        {
            int[] prompt = i % 2 == 0 ? [.. shared, .. Prompt(i, 1 + (5 * i))] : Prompt(i, 1 + (7 * i));
            int[] answer = rig.Model.Greedy(prompt, 3 + (4 * i));
            drafter.Add(prompt, answer);
            generated.Add((rig.Add(Generate(prompt, 3 + (4 * i))), answer));
            if (i % 3 == 0)
                scored.Add(rig.Add(Score(prompt, Prompt(50, 1), Prompt(52, 20))));
        }

        rig.RunToEnd();
        Assert.All(generated, pair => Assert.Equal(pair.Expected, Generated(pair.Sequence)));
        Assert.All(scored, s => Assert.Equal(AnswersTests.Sums(rig, s.Request), s.ChoiceSums));
        Assert.Equal(0, drafter.Holding);
        int drafted = generated.Sum(pair => pair.Sequence.DraftedTokens);
        int accepted = generated.Sum(pair => pair.Sequence.AcceptedTokens);
        Assert.True(drafted > 0 || stepTokens == 1, "guesses were meant to be in steps");
        Assert.Equal((drafted, accepted), ((int)rig.Reader.DraftedTokens, (int)rig.Reader.AcceptedTokens));
        Assert.True(right < 1 ? accepted <= drafted : accepted == drafted);
        if (right == 0)
            Assert.Equal(0, accepted);
        if (pages == 12 && sequences > 2 && right == 0)
            Assert.True(rig.Planner.Preemptions > 0, "the small pool was meant to be short of pages");
    }

    [Fact]
    public void Right_guesses_make_one_step_of_nine()
    {
        KnownAnswersDrafter drafter = new(1);
        PlannerRig rig = new(pages: 100, context: 256, drafter: drafter);
        int[] prompt = Prompt(3, 20);
        int[] answer = rig.Model.Greedy(prompt, 91);
        drafter.Add(prompt, answer);
        Sequence sequence = rig.Add(Generate(prompt, 91));
        int steps = rig.RunToEnd();
        Assert.Equal(answer, Generated(sequence));
        Assert.Equal(1 + 10, steps); // the prompt's step says one; ten say nine each
        Assert.Equal((80, 80), (sequence.DraftedTokens, sequence.AcceptedTokens));
    }

    [Fact]
    public void Rows_are_one_more_than_guesses_and_pages_of_fallen_ones_are_free_at_once()
    {
        KnownAnswersDrafter drafter = new(0);
        PlannerRig rig = new(pages: 100, context: 256, drafter: drafter);
        int[] prompt = Prompt(3, 14);
        drafter.Add(prompt, rig.Model.Greedy(prompt, 40));
        rig.Add(Generate(prompt, 40));
        rig.Step();
        Step step = rig.Step();
        Assert.Equal((9, 9, 1, 8), (step.Plan.Rows, step.Plan.Outputs, step.DecodeTokens, step.DraftedTokens));
        Assert.Equal(99, rig.Cache.Pool.Free); // 15 known tokens and one more: a page
        rig.Step();
        Assert.Equal(98, rig.Cache.Pool.Free);
    }

    [Fact]
    public void Guesses_take_no_row_output_or_page_from_anybody()
    {
        KnownAnswersDrafter drafter = new(0.5);
        PlannerRig plain = new(pages: 20, stepTokens: 24, sequences: 6, outputs: 8);
        PlannerRig rig = new(pages: 20, stepTokens: 24, sequences: 6, outputs: 8, drafter: drafter);
        List<(Sequence Plain, Sequence Guessed)> all = [];
        for (int i = 0; i < 6; i++)
        {
            int[] prompt = Prompt(i, 30);
            drafter.Add(prompt, rig.Model.Greedy(prompt, 40));
            all.Add((plain.Add(Generate(prompt, 40)), rig.Add(Generate(prompt, 40))));
        }

        int without = plain.RunToEnd();
        int with = rig.RunToEnd();
        Assert.All(all, pair => Assert.Equal(Generated(pair.Plain), Generated(pair.Guessed)));
        Assert.All(all, pair => Assert.Equal(rig.Model.Greedy(pair.Guessed.Request.Prompt, 40), Generated(pair.Guessed)));
        Assert.True(with < without, $"{with} steps with guesses, {without} without");
        Assert.True(rig.Planner.Preemptions <= plain.Planner.Preemptions, $"{rig.Planner.Preemptions} gave way with guesses, {plain.Planner.Preemptions} without");
    }

    [Theory]
    [InlineData(0.6)]
    [InlineData(1)]
    public void A_seed_penalties_and_log_probabilities_give_the_same_with_guesses(double right)
    {
        SamplingOptions[] ways =
        [
            new() { Temperature = 1.5f, TopK = 20, TopP = 0.9f, Seed = 1234, FrequencyPenalty = 0.3f },
            new() { RepetitionPenalty = 1.4f, PresencePenalty = 2, FrequencyPenalty = 1 },
            new() { Temperature = 3, MinP = 0.02f, Seed = 9 },
            new() { Temperature = 0.7f, Seed = 10, RepetitionPenalty = 0.6f },
        ];
        KnownAnswersDrafter drafter = new(right);
        PlannerRig plain = new(pages: 200);
        PlannerRig rig = new(pages: 200, drafter: drafter);
        List<(Sequence Plain, Sequence Guessed)> pairs = [];
        foreach (SamplingOptions way in ways)
        {
            int[] prompt = Prompt(pairs.Count, 12);
            EngineRequest request = Generate(prompt, 60, way) with { Logprobs = 2 };
            Sequence alone = plain.Add(request);
            plain.RunToEnd();
            drafter.Add(prompt, Generated(alone));
            pairs.Add((alone, rig.Add(request)));
        }

        rig.RunToEnd();
        foreach ((Sequence alone, Sequence guessed) in pairs)
        {
            Assert.Equal(Generated(alone), Generated(guessed));
            Assert.Equal(alone.Logprobs!.Select(l => (l.Id, l.Logprob)), guessed.Logprobs!.Select(l => (l.Id, l.Logprob)));
            Assert.True(guessed.AcceptedTokens > 10);
        }
    }

    [Fact]
    public void An_end_id_among_the_guesses_ends_and_nothing_behind_it_counts()
    {
        int[] prompt = Prompt(1, 20);
        int[] ids = new PlannerRig().Model.Greedy(prompt, 60);
        int end = ids[25];
        KnownAnswersDrafter drafter = new(1);
        drafter.Add(prompt, ids);
        PlannerRig rig = new(endIds: [end], drafter: drafter);
        Sequence stopped = rig.Add(Generate(prompt, 60));
        Sequence past = rig.Add(Generate(prompt, 60) with { IgnoreEnd = true });
        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(prompt, 60, end), Generated(stopped));
        Assert.Equal(FinishReason.Stop, stopped.FinishReason);
        Assert.Equal(ids, Generated(past));
    }

    [Fact]
    public void What_is_shared_after_guesses_are_the_tokens_that_stood()
    {
        KnownAnswersDrafter drafter = new(0.7);
        PlannerRig rig = new(pages: 200, drafter: drafter);
        int[] prompt = Prompt(1, 20);
        int[] answer = rig.Model.Greedy(prompt, 60);
        drafter.Add(prompt, answer);
        rig.Add(Generate(prompt, 60));
        rig.RunToEnd();
        int[] longer = [.. prompt, .. answer, 3];
        Sequence next = rig.Add(Generate(longer, 5));
        drafter.Add(longer, rig.Model.Greedy(longer, 5));
        rig.RunToEnd();
        Assert.Equal(64, next.CachedTokens); // of 79 that were computed, the full pages
        Assert.Equal(rig.Model.Greedy(longer, 5), Generated(next));
    }

    [Fact]
    public void Leaving_while_guesses_stand_leaves_nothing_behind()
    {
        KnownAnswersDrafter drafter = new(0.8);
        PlannerRig rig = new(pages: 40, drafter: drafter);
        List<Sequence> all = [];
        for (int i = 0; i < 8; i++)
        {
            int[] prompt = Prompt(i, 25);
            drafter.Add(prompt, rig.Model.Greedy(prompt, 80));
            all.Add(rig.Add(Generate(prompt, 80)));
        }

        for (int i = 0; i < 6; i++)
        {
            rig.Step();
            Sequence leaves = all[i];
            rig.Planner.Retire(leaves, keep: i % 2 == 0);
            rig.Audit();
        }

        rig.RunToEnd();
        Assert.Equal(0, drafter.Holding);
        Assert.All(all.Skip(6), s => Assert.Equal(rig.Model.Greedy(s.Request.Prompt, 80), Generated(s)));
    }
}
