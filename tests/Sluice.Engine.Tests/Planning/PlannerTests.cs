using Sluice.Engine.Planning;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

public sealed class PlannerTests
{
    [Fact]
    public void Decoding_goes_on_while_a_long_prompt_is_computed_in_chunks()
    {
        PlannerRig rig = new(stepTokens: 16);
        Sequence first = rig.Add(Generate(Prompt(1, 5), 30));
        rig.Step();
        Sequence second = rig.Add(Generate(Prompt(2, 100), 3));
        while (second.Trunk.Remaining > 1)
        {
            int before = first.Trunk.Length;
            int computed = second.Trunk.Computed;
            rig.Step();
            Assert.Equal(before + 1, first.Trunk.Length);
            Assert.InRange(second.Trunk.Computed - computed, 10, 15);
        }

        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(Prompt(2, 100), 3), Generated(second));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Prompts_go_on_where_decoding_alone_would_fill_every_step(int stepTokens)
    {
        PlannerRig rig = new(stepTokens: stepTokens, sequences: 8);
        for (int i = 0; i < 7; i++)
            rig.Add(Generate(Prompt(i, 2), 200));
        while (rig.Planner.Waiting > 0 || rig.Planner.Running.Any(s => !s.Decoding))
            rig.Step();
        Sequence late = rig.Add(Generate(Prompt(99, 12), 1));
        for (int i = 0; i < 30 && !late.Ended; i++)
            rig.Step();
        Assert.True(late.Ended, $"12 prompt tokens were not computed in 30 steps of {stepTokens}");
        Assert.Equal(7, rig.Planner.Running.Count);
    }

    [Fact]
    public void Every_decoding_sequence_gets_its_turn_where_a_step_does_not_hold_all()
    {
        PlannerRig rig = new(stepTokens: 3, sequences: 8);
        Sequence[] all = [.. Enumerable.Range(0, 8).Select(i => rig.Add(Generate(Prompt(i, 2), 100)))];
        while (rig.Planner.Waiting > 0 || rig.Planner.Running.Any(s => !s.Decoding))
            rig.Step();
        int[] before = [.. all.Select(s => s.Trunk.Length)];
        for (int i = 0; i < 24; i++)
            rig.Step();
        for (int i = 0; i < 8; i++)
            Assert.Equal(9, all[i].Trunk.Length - before[i]);
    }

    [Fact]
    public void Sequences_start_in_the_order_in_which_they_were_handed_over()
    {
        PlannerRig rig = new(sequences: 2);
        Sequence[] all = [.. Enumerable.Range(0, 6).Select(i => rig.Add(Generate(Prompt(i, 10 + i), 4)))];
        List<long> started = [];
        while (!rig.Planner.Idle)
        {
            rig.Step();
            started.AddRange(all.Where(s => s.Steps > 0 && !started.Contains(s.Arrival)).Select(s => s.Arrival));
        }

        Assert.Equal([0, 1, 2, 3, 4, 5], started);
    }

    [Fact]
    public void The_latest_gives_its_pages_back_when_an_earlier_one_needs_them()
    {
        PlannerRig rig = new(pages: 6, sequences: 3);
        Sequence first = rig.Add(Generate(Prompt(1, 30), 50));
        Sequence second = rig.Add(Generate(Prompt(2, 20), 40));
        rig.Step();
        Assert.Equal(2, rig.Planner.Running.Count);
        while (rig.Planner.Preemptions == 0)
            rig.Step();
        Assert.Same(first, Assert.Single(rig.Planner.Running));
        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(Prompt(1, 30), 50), Generated(first));
        Assert.Equal(rig.Model.Greedy(Prompt(2, 20), 40), Generated(second));
    }

    [Fact]
    public void Of_equal_prompts_handed_over_together_the_shared_pages_are_computed_once()
    {
        PlannerRig rig = new(stepTokens: 32);
        int[] prompt = Prompt(1, 100);
        Sequence[] all = [.. Enumerable.Range(0, 5).Select(_ => rig.Add(Generate(prompt, 4)))];
        rig.RunToEnd();
        Assert.Equal(500, rig.Planner.PromptTokens);
        Assert.Equal(100 + (4 * 4), rig.Planner.ComputedTokens); // 6 full pages of 16 are shared
        Assert.Equal([0, 96, 96, 96, 96], all.Select(s => s.CachedTokens));
        Assert.All(all, s => Assert.Equal(rig.Model.Greedy(prompt, 4), Generated(s)));
    }

    [Fact]
    public void One_that_waits_for_a_prefix_lets_others_by()
    {
        PlannerRig rig = new(stepTokens: 32);
        int[] prompt = Prompt(1, 65);
        rig.Add(Generate(prompt, 4));
        Sequence waits = rig.Add(Generate([.. prompt, 3], 4));
        rig.Step();
        Sequence other = rig.Add(Generate(Prompt(2, 4), 4));
        rig.Step();
        rig.Step();
        Assert.True(other.Steps > 0);
        rig.RunToEnd();
        Assert.Equal(64, waits.CachedTokens);
    }

    [Fact]
    public void One_that_waits_for_a_prefix_starts_when_its_computer_goes_away()
    {
        PlannerRig rig = new(stepTokens: 8);
        int[] prompt = Prompt(1, 65);
        Sequence gone = rig.Add(Generate(prompt, 4));
        Sequence waits = rig.Add(Generate(prompt, 4));
        rig.Step();
        rig.Step();
        Assert.False(waits.Running);
        rig.Planner.Retire(gone, keep: true);
        rig.Step();
        Assert.True(waits.Running);
        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(prompt, 4), Generated(waits));
    }

    [Fact]
    public void A_scope_never_shares_with_another()
    {
        PlannerRig rig = new();
        int[] prompt = Prompt(1, 64);
        rig.Add(Generate(prompt, 2, scope: 1));
        rig.RunToEnd();
        Sequence stranger = rig.Add(Generate(prompt, 2, scope: 2));
        rig.RunToEnd();
        Assert.Equal(0, stranger.CachedTokens);
        Assert.Equal(128, rig.Planner.ComputedTokens);
        Sequence friend = rig.Add(Generate(prompt, 2, scope: 1));
        rig.RunToEnd();
        Assert.Equal(48, friend.CachedTokens);
        Assert.Equal(128 + 16, rig.Planner.ComputedTokens);
    }

    [Fact]
    public void One_that_comes_back_with_a_token_to_go_waits_for_an_output_that_nobody_else_has()
    {
        PlannerRig rig = new(sequences: 2, outputs: 4);
        Sequence choices = rig.Add(Score(Prompt(1, 20), [.. Enumerable.Range(0, 40).Select(i => Prompt(100 + i, 9))]));
        Sequence back = rig.Add(Generate(Prompt(2, 20), 60) with { Class = 1 });
        while (back.Trunk.Length < 32)
            rig.Step();
        Sequence urgent = rig.Add(Generate(Prompt(3, 5), 1));
        rig.Step();
        rig.Step();
        Assert.Equal((true, false, 33), (urgent.Running, back.Running, back.Trunk.Length));
        rig.Planner.Retire(urgent, keep: true);

        Step step = rig.Step(); // the choices take all four outputs
        Assert.Equal((4, 4), (step.Plan.Rows, step.Plan.Outputs));
        Assert.Equal((true, 33), (back.Running, back.Trunk.Length));
        rig.Step();
        Assert.Equal((false, 34), (choices.Ended, back.Trunk.Length));
        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(Prompt(2, 20), 60), Generated(back));
        Assert.Equal(AnswersTests.Sums(rig, choices.Request), choices.ChoiceSums);
    }

    [Fact]
    public void A_plan_has_room_for_as_many_pages_of_a_sequence_as_there_are()
    {
        PlannerRig rig = new(pages: 4, sequences: 8, context: 1 << 24);
        rig.Add(Generate(Prompt(1, 60), 4));
        Assert.Equal(8 * 4, rig.Step().Plan.Pages.Length);
        rig.RunToEnd();
    }
}
