using Sluice.Engine.Planning;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

/// <summary>Group and class change who starts first, and nothing else.</summary>
public sealed class HintTests
{
    [Fact]
    public void Lower_classes_start_first_and_equal_ones_in_order()
    {
        PlannerRig rig = new(sequences: 1);
        int[] classes = [2, 0, 1, 2, 0, 1, 3];
        Assert.Equal([1, 4, 2, 5, 0, 3, 6], Starts(rig, [.. classes.Select((c, i) => rig.Add(Generate(Prompt(i, 8), 2) with { Class = c }))]));
    }

    [Fact]
    public void A_higher_class_is_overtaken_by_so_many_and_no_more()
    {
        PlannerRig rig = new(sequences: 1);
        Sequence bulk = rig.Add(Generate(Prompt(0, 8), 2) with { Class = 2 });
        Sequence[] others = [.. Enumerable.Range(1, 600).Select(i => rig.Add(Generate(Prompt(i, 3), 1)))];
        while (!bulk.Started)
            rig.Step();
        Assert.Equal(2 * Sequence.ClassDistance, others.Count(s => s.Started));
    }

    [Fact]
    public void Of_a_group_one_starts_after_another()
    {
        PlannerRig rig = new(sequences: 1);
        int?[] groups = [1, 2, 1, null, 2, 1];
        Assert.Equal([0, 2, 5, 1, 4, 3], Starts(rig, [.. groups.Select((g, i) => rig.Add(Generate(Prompt(i, 8), 2) with { Group = g }))]));
    }

    [Fact]
    public void A_group_goes_before_nobody_of_a_lower_class()
    {
        PlannerRig rig = new(sequences: 1);
        RunMember();
        Sequence mate = Add(2, 1);
        Sequence urgent = Add(0, null);
        Assert.Equal([urgent.Arrival, mate.Arrival], Starts(rig, [mate, urgent]));

        // One that has waited for long stands before an interactive one; its mates do not.
        RunMember();
        Sequence old = Add(2, 2);
        Pass(100);
        mate = Add(2, 1);
        Pass(450);
        urgent = Add(0, null);
        Assert.Equal([old.Arrival, urgent.Arrival, mate.Arrival], Starts(rig, [old, mate, urgent]));

        Sequence Add(int lesser, int? group) => rig.Add(Generate(Prompt(3, 8), 1) with { Class = lesser, Group = group });

        void RunMember()
        {
            Sequence member = Add(2, 1);
            rig.Step();
            Assert.True(member.Ended);
        }

        void Pass(int arrivals)
        {
            for (int i = 0; i < arrivals; i++)
                rig.Planner.Retire(Add(0, null), keep: false);
        }
    }

    [Fact]
    public void A_group_without_end_does_not_hold_up_the_others()
    {
        PlannerRig rig = new(sequences: 2);
        rig.Add(Generate(Prompt(0, 3), 1) with { Group = 1 });
        Sequence other = rig.Add(Generate(Prompt(1, 3), 1) with { Group = 2 });
        int overtook = 0;
        for (; !other.Started; overtook++)
        {
            Assert.True(overtook < 2 * Sequence.ClassDistance, "a group holds up another");
            rig.Add(Generate(Prompt(overtook, 3), 1) with { Group = 1 });
            rig.Add(Generate(Prompt(overtook, 3), 1) with { Group = 1 });
            rig.Step();
        }
    }

    [Fact]
    public void The_higher_class_gives_its_pages_to_the_lower()
    {
        PlannerRig rig = new(pages: 6, sequences: 3);
        Sequence bulk = rig.Add(Generate(Prompt(1, 30), 50) with { Class = 2 });
        rig.Step();
        Sequence quick = rig.Add(Generate(Prompt(2, 20), 40));
        while (rig.Planner.Preemptions == 0)
            rig.Step();
        Assert.Same(quick, Assert.Single(rig.Planner.Running));
        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(Prompt(1, 30), 50), Generated(bulk));
        Assert.Equal(rig.Model.Greedy(Prompt(2, 20), 40), Generated(quick));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Right_wrong_or_none_they_change_no_token(int seed)
    {
        Random random = new(seed);
        PlannerRig rig = new(pages: 14, stepTokens: 24, sequences: 8, context: 160);
        List<(Sequence Sequence, int[] Prompt, int Count)> all = [];
        for (int i = 0; i < 120; i++)
        {
            int[] prompt = Prompt(random.Next(3), random.Next(1, 90));
            int count = random.Next(1, 40);
            all.Add((rig.Add(Generate(prompt, count) with { Class = random.Next(4), Group = random.Next(3) == 0 ? null : random.Next(4) }), prompt, count));
        }

        rig.RunToEnd();
        Assert.True(rig.Planner.Preemptions > 0);
        Assert.All(all, one => Assert.Equal(rig.Model.Greedy(one.Prompt, one.Count), Generated(one.Sequence)));
    }

    private static List<long> Starts(PlannerRig rig, Sequence[] all)
    {
        List<long> started = [];
        while (!rig.Planner.Idle)
        {
            rig.Step();
            started.AddRange(all.Where(s => s.Steps > 0 && !started.Contains(s.Arrival)).Select(s => s.Arrival));
        }

        return started;
    }
}
