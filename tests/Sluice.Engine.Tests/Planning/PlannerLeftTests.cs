using Sluice.Engine.Planning;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

/// <summary>What a ledger is told besides what it has promised.</summary>
public sealed class PlannerLeftTests
{
    [Fact]
    public void Pages_that_several_hold_are_counted_once_less_than_their_holders()
    {
        PlannerRig rig = new();
        int[] prefix = Prompt(1, 32);
        rig.Add(Generate([.. prefix, 1, 2, 3], 20));
        rig.Step();
        Assert.Equal(0, rig.Planner.SharedPages);
        rig.Add(Generate([.. prefix, 4, 5], 20));
        rig.Add(Generate([.. prefix, 6], 20));
        rig.Step();
        Assert.Equal(4, rig.Planner.SharedPages);
        rig.RunToEnd();
        Assert.Equal(0, rig.Planner.SharedPages);
    }

    [Fact]
    public void What_the_planned_step_takes_is_not_left()
    {
        PlannerRig rig = new(stepTokens: 16);
        rig.Add(Generate(Prompt(1, 80), 2) with { Class = 2 });
        Assert.Equal(new PrefillLeft(80, 0), rig.Planner.PrefillLeft);
        Step step = rig.Next();
        Assert.Equal(new PrefillLeft(64, 0), rig.Planner.PrefillLeft);
        rig.RunPlanned(step);
        Assert.Equal(new PrefillLeft(64, 0), rig.Planner.PrefillLeft);
        rig.Add(Generate(Prompt(3, 20), 2) with { Class = 0 });
        Assert.Equal(new PrefillLeft(84, 20), rig.Planner.PrefillLeft);
        rig.RunPlanned(rig.Next());
        Assert.Equal(new PrefillLeft(68, 4), rig.Planner.PrefillLeft);
        rig.RunToEnd();
        Assert.Equal(default, rig.Planner.PrefillLeft);
    }

    [Fact]
    public void Who_waits_for_a_prefix_owes_only_the_rest()
    {
        PlannerRig rig = new(stepTokens: 80);
        int[] prefix = Prompt(1, 64);
        rig.Add(Generate([.. prefix, 1, 2], 2));
        rig.Add(Generate([.. prefix, 3, 4, 5], 2));
        Assert.Equal(66 + 67, rig.Planner.PrefillLeft.All);
        Step step = rig.Next();
        Assert.Equal(3, rig.Planner.PrefillLeft.All);
        rig.RunPlanned(step);
        rig.RunToEnd();
    }

    [Fact]
    public void What_gave_way_is_to_be_computed_again()
    {
        PlannerRig rig = new(pages: 8);
        Sequence big = rig.Add(Generate(Prompt(1, 100), 20) with { Class = 2 });
        rig.Step();
        rig.Step();
        rig.Add(Generate(Prompt(2, 60), 4) with { Class = 0 });
        rig.Step();
        rig.Step();
        Assert.False(big.Running);
        Assert.Equal(new PrefillLeft(big.Trunk.Length, 0), rig.Planner.PrefillLeft);
        rig.RunToEnd();
    }
}
