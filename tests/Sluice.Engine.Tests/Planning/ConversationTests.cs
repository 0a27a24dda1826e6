using Sluice.Engine.Planning;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

public sealed class ConversationTests
{
    private readonly PlannerRig _rig = new(pages: 24);

    [Fact]
    public void The_next_turn_finds_what_was_computed_and_generated()
    {
        int[] first = Turn(Prompt(1, 40), 21, "talk");
        Sequence second = Run([.. first, .. Prompt(2, 10)], 5, "talk");
        Assert.Equal(48, second.CachedTokens); // of 61 tokens 60 were computed: three full pages
        Assert.Equal(_rig.Model.Greedy([.. first, .. Prompt(2, 10)], 5), Generated(second));
        Assert.Equal(4, _rig.Cache.Conversations.Pages);
    }

    [Theory]
    [InlineData("talk", 48)]
    [InlineData(null, 0)]
    public void It_stays_while_other_prompts_pass_through_the_pool(string? conversation, int cached)
    {
        int[] first = Turn(Prompt(1, 40), 21, conversation);
        for (int i = 0; i < 12; i++)
            Run(Prompt(100 + i, 80), 3);
        Assert.Equal(cached, Run([.. first, 7], 1, conversation).CachedTokens);
    }

    [Fact]
    public void Another_scope_finds_nothing_under_the_same_name()
    {
        int[] first = Turn(Prompt(1, 40), 21, "talk");
        Assert.Equal(0, Run([.. first, 7], 1, "talk", scope: 2).CachedTokens);
        Assert.Equal(48, Run([.. first, 7], 1, "talk").CachedTokens);
    }

    [Fact]
    public void One_that_needs_the_whole_pool_is_not_held_up_and_takes_it()
    {
        int[] first = Turn(Prompt(1, 40), 21, "talk");
        int[] second = Turn(Prompt(2, 40), 21, "other");
        Run(Prompt(9, 24 * 16), 1);
        Assert.Equal(0, _rig.Cache.Conversations.Pages);
        foreach (int[] turn in (int[][])[first, second])
        {
            Sequence again = Run([.. turn, 7], 3, "talk");
            Assert.Equal(_rig.Model.Greedy([.. turn, 7], 3), Generated(again));
        }
    }

    [Fact]
    public void For_a_guess_no_conversation_is_forgotten()
    {
        KnownAnswersDrafter drafter = new(1);
        PlannerRig rig = new(pages: 8, drafter: drafter);
        int[] first = Prompt(1, 40);
        drafter.Add(first, rig.Model.Greedy(first, 21));
        rig.Add(Generate(first, 21) with { Conversation = "talk" });
        rig.RunToEnd();
        Assert.Equal(3, rig.Cache.Conversations.Pages);
        int[] second = Prompt(2, 70);
        drafter.Add(second, rig.Model.Greedy(second, 30));
        Sequence other = rig.Add(Generate(second, 30));
        while (other.Trunk.Length <= 5 * 16)
            rig.Step();
        Assert.Equal((81, 3), (other.Trunk.Length, rig.Cache.Conversations.Pages)); // five pages are left; what is known needs no more
        rig.RunToEnd();
        Assert.Equal(rig.Model.Greedy(second, 30), Generated(other));
        Assert.Equal(0, rig.Cache.Conversations.Pages);
    }

    [Fact]
    public void Many_conversations_in_a_small_pool_stay_right_and_clean()
    {
        Random random = new(5);
        int[][] texts = [.. Enumerable.Range(0, 9).Select(i => Prompt(i, 5 + i))];
        int cached = 0;
        for (int turn = 0; turn < 200; turn++)
        {
            int who = random.Next(9);
            int[] prompt = [.. texts[who], .. Prompt(turn, random.Next(1, 12))];
            Sequence sequence = Run(prompt, 6, $"c{who}", scope: (ulong)(who % 2));
            Assert.Equal(_rig.Model.Greedy(prompt, 6), Generated(sequence));
            cached += sequence.CachedTokens;
            texts[who] = prompt.Length > 120 ? Prompt(who, 5) : [.. prompt, .. Generated(sequence)];
        }

        Assert.True(cached > 1000, $"{cached} tokens came from conversations");
    }

    // The text after the turn.
    private int[] Turn(int[] prompt, int generated, string? conversation) => [.. prompt, .. Generated(Run(prompt, generated, conversation))];

    private Sequence Run(int[] prompt, int generated, string? conversation = null, ulong scope = 1)
    {
        Sequence sequence = _rig.Add(Generate(prompt, generated, scope: scope) with { Conversation = conversation });
        _rig.RunToEnd();
        return sequence;
    }
}
