using Sluice.Engine.Planning;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

public sealed class PlannerInteractiveTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public void An_interactive_sequence_takes_the_pages_of_a_lesser_one_after_one_step(int lesser)
    {
        PlannerRig rig = new(pages: 8);
        Sequence big = rig.Add(Generate(Prompt(1, 100), 20) with { Class = lesser });
        rig.Step();
        Sequence urgent = rig.Add(Generate(Prompt(2, 60), 4) with { Class = 0 });
        rig.Step();
        Assert.Equal((false, 0), (urgent.Running, rig.Planner.Preemptions)); // what ends might have made room
        rig.Step();
        Assert.Equal((true, false, 1), (urgent.Running, big.Running, rig.Planner.Preemptions));
        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(Prompt(2, 60), 4), Generated(urgent));
        Assert.Equal(rig.Model.Greedy(Prompt(1, 100), 20), Generated(big));
    }

    [Fact]
    public void It_takes_a_place_too_where_all_are_taken_the_last_bulk_sequence_first()
    {
        PlannerRig rig = new(sequences: 3);
        Sequence bulk = rig.Add(Generate(Prompt(1, 5), 40) with { Class = 2 });
        Sequence standard = rig.Add(Generate(Prompt(2, 5), 40) with { Class = 1 });
        Sequence latest = rig.Add(Generate(Prompt(3, 5), 40) with { Class = 2 });
        rig.Step();
        Sequence urgent = rig.Add(Generate(Prompt(4, 5), 3) with { Class = 0 });
        rig.Step();
        rig.Step();
        Assert.Equal((true, true, true, false), (urgent.Running, standard.Running, bulk.Running, latest.Running));
        rig.RunToEnd();
        Assert.All(new[] { bulk, standard, latest }, (sequence, i) => Assert.Equal(40, Generated(sequence).Length));
    }

    [Fact]
    public void It_starts_before_all_that_waits_and_its_prompt_is_computed_first()
    {
        PlannerRig rig = new(stepTokens: 16, sequences: 8);
        Sequence first = rig.Add(Generate(Prompt(1, 80), 2) with { Class = 2 });
        rig.Step();
        Sequence waiting = rig.Add(Generate(Prompt(2, 8), 2) with { Class = 1 });
        Sequence urgent = rig.Add(Generate(Prompt(3, 16), 2) with { Class = 0 });
        int computed = first.Trunk.Computed;
        rig.Step();
        Assert.Equal((17, 0, computed), (urgent.Trunk.Length, waiting.Steps, first.Trunk.Computed));
        rig.RunToEnd();
    }

    [Fact]
    public void One_that_was_handed_over_long_before_keeps_its_room()
    {
        PlannerRig rig = new(pages: 8, sequences: 4);
        Sequence old = rig.Add(Generate(Prompt(1, 90), 30) with { Class = 2 });
        for (int i = 0; i <= 2 * Sequence.ClassDistance; i++)
            rig.Planner.Retire(rig.Add(Generate(Prompt(2, 1), 1)), keep: false);
        rig.Step();
        rig.Add(Generate(Prompt(3, 60), 2));
        rig.RunToEnd();
        Assert.Equal(0, rig.Planner.Preemptions);
        Assert.True(old.Ended);
    }

    [Fact]
    public void Pages_that_stay_in_use_are_no_room_so_nobody_gives_way_for_them()
    {
        PlannerRig rig = new(pages: 64, stepTokens: 1024, context: 1024);
        int[] prefix = Prompt(1, 50 * 16);
        Sequence first = rig.Add(Generate([.. prefix, .. Prompt(2, 20)], 10));
        rig.Step();
        Sequence[] bulk = [.. Enumerable.Range(3, 4).Select(i => rig.Add(Generate([.. prefix, .. Prompt(i, 20)], 10) with { Class = 2 }))];
        rig.Step();
        Assert.Equal(4, rig.Cache.Available);
        Sequence urgent = rig.Add(Generate(Prompt(9, 20 * 16), 2) with { Class = 0 });
        while (!first.Ended)
        {
            Assert.Equal((false, 5), (urgent.Running, rig.Planner.Running.Count)); // 8 pages more are not 20
            rig.Step();
        }

        rig.RunToEnd();
        Assert.All(bulk.Prepend(first), s => Assert.Equal(rig.Model.Greedy(s.Request.Prompt, 10), Generated(s)));
    }

    [Fact]
    public void Pages_that_those_who_stay_share_with_it_are_no_need()
    {
        PlannerRig rig = new(pages: 64, stepTokens: 1024, context: 1024);
        int[] prefix = Prompt(1, 50 * 16);
        Sequence first = rig.Add(Generate([.. prefix, .. Prompt(2, 20)], 100));
        Sequence bulk = rig.Add(Generate(Prompt(3, 11 * 16), 10) with { Class = 2 });
        rig.Step();
        Assert.Equal(1, rig.Cache.Available); // 50 + 2 and 11 are taken
        int[] prompt = [.. prefix, .. Prompt(4, 20)];
        Sequence urgent = rig.Add(Generate(prompt, 2));
        rig.Step();
        rig.Step();
        Assert.Equal((true, true, false), (first.Running, urgent.Running, bulk.Running));
        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(prompt, 2), Generated(urgent));
        Assert.Equal(rig.Model.Greedy(bulk.Request.Prompt, 10), Generated(bulk));
    }

    [Fact]
    public void Nobody_gives_way_to_its_own_class_to_a_lesser_one_or_for_too_little()
    {
        foreach ((int runs, int comes) in new[] { (0, 0), (2, 1) })
        {
            PlannerRig full = new(pages: 8);
            full.Add(Generate(Prompt(1, 90), 10) with { Class = runs });
            full.Step();
            full.Add(Generate(Prompt(2, 60), 4) with { Class = comes });
            full.RunToEnd();
            Assert.Equal(0, full.Planner.Preemptions);
        }

        PlannerRig rig = new(pages: 12);
        rig.Add(Generate(Prompt(1, 90), 10) with { Class = 0 });
        Sequence bulk = rig.Add(Generate(Prompt(2, 20), 10) with { Class = 2 });
        rig.Step();
        rig.Step();
        rig.Add(Generate(Prompt(3, 120), 4) with { Class = 0 }); // the bulk sequence's two pages would not do
        for (int i = 0; i < 5; i++)
        {
            rig.Step();
            Assert.True(bulk.Running);
        }

        rig.RunToEnd();
    }
}
