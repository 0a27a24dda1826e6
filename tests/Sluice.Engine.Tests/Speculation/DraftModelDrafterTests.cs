using Sluice.Engine.Cache;
using Sluice.Engine.Models;
using Sluice.Engine.Sampling;
using Sluice.Engine.Speculation;
using Xunit;

namespace Sluice.Engine.Tests.Speculation;

public sealed class DraftModelDrafterTests : DrafterContractTests
{
    internal override IDrafter Create() => New(new ModelOptions { Threads = 1, KvBytes = 4 << 20, MaxSequences = 32 });

    [Fact]
    public void Greedy_guesses_are_what_the_small_model_would_say()
    {
        int[] text = Text(50);
        int[] expected;
        using (Model model = Model.Load(DemoFolders.Draft, new ModelOptions { Threads = 1 }))
            expected = [.. new Models.GreedyDriver(model).Generate(text, 6)];
        using IDrafter drafter = Create();
        Draft draft = New(text, 6);
        drafter.Guess([draft]);
        Assert.Equal(expected, Guesses(draft));
    }

    [Fact]
    public void Prompts_longer_than_a_step_are_caught_up_with_over_steps()
    {
        using DraftModelDrafter drafter = New(new ModelOptions { Threads = 1, MaxStepTokens = 20, MaxSequences = 4 });
        Draft first = New(Text(50), 4);
        Draft second = New(Text(30), 4);
        List<(int, int)> counts = [];
        List<int> computed = [];
        for (int step = 0; step < 5; step++)
        {
            computed.Add(drafter.Guess([first, second]));
            counts.Add((first.Count, second.Count));
            drafter.Settle(first, 0);
            drafter.Settle(second, 0);
        }

        // The second finds the first's page of the prompt that both begin with.
        Assert.Equal([(0, 0), (0, 0), (4, 0), (4, 4), (4, 4)], counts);
        Assert.Equal([20, 20, 10 + 10, 1 + 4, 1 + 1], computed);
        using IDrafter whole = Create();
        Draft other = New(Text(50), 4);
        whole.Guess([other]);
        drafter.Guess([first, second]);
        Assert.Equal(Guesses(other), Guesses(first));
    }

    [Fact]
    public void Pages_of_fallen_guesses_are_given_back_and_the_audit_is_clean()
    {
        using DraftModelDrafter drafter = New(new ModelOptions { Threads = 1, KvBytes = 1 << 20, MaxSequences = 8 });
        Draft[] drafts = [.. Enumerable.Range(0, 6).Select(i => New(Text(40 + i), 6))];
        for (int step = 0; step < 20; step++)
        {
            drafter.Guess(drafts);
            Audit();
            foreach (Draft draft in drafts)
            {
                int accepted = (int)(CounterRandom.Bits(draft.Length, step) % (ulong)(draft.Count + 1));
                drafter.Settle(draft, accepted);
                draft.Length = Math.Min(draft.Length + accepted + 1, 200);
                draft.Count = 0;
            }

            Audit();
            if (step % 7 == 6)
                drafter.Release(drafts[step % 6]);
        }

        foreach (Draft draft in drafts)
            drafter.Release(draft);
        Audit();
        Assert.Equal(drafter.Cache.Pool.Total, drafter.Cache.Available);

        void Audit() => CacheAudit.Check(drafter.Cache, drafts.Select(DraftModelDrafter.LeaseOf).OfType<PrefixLease>());
    }

    [Fact]
    public void Without_a_page_or_past_its_context_nothing_is_guessed()
    {
        long page = ModelInspection.Read(DemoFolders.Draft, new ModelOptions()).Memory.KvBytesPerPage;
        using DraftModelDrafter drafter = New(new ModelOptions { Threads = 1, KvBytes = 5 * page, MaxSequences = 4 });
        Draft fits = New(Text(60), 4);
        Draft doesNot = New(Text(60), 4);
        Assert.Equal(60, drafter.Guess([fits, doesNot]));
        Assert.Equal((4, 0), (fits.Count, doesNot.Count));
        Assert.Null(doesNot.State);
        Assert.Equal(int.MaxValue, drafter.Behind(doesNot));
        drafter.Release(fits);
        Assert.Equal(60 - 16, drafter.Behind(doesNot)); // the first page of the prompt is still there
        drafter.Guess([doesNot]);
        Assert.Equal(4, doesNot.Count);
        drafter.Release(doesNot);

        using IDrafter roomy = Create();
        EngineRequest request = new() { Scope = default, Kind = SequenceKind.Generate, Prompt = Text(500), MaxTokens = 500 };
        Draft longest = new(request, 1, 1000, 8) { Tokens = new int[1000], Length = 510, Wanted = 8 };
        roomy.Guess([longest]);
        Assert.Equal(3, longest.Count); // of 512 positions the last two; the third guess is never computed
        roomy.Settle(longest, 0);
        (longest.Length, longest.Wanted) = (513, 8);
        Assert.Equal(int.MaxValue, roomy.Behind(longest));
        Assert.Equal(0, roomy.Guess([longest]));
        Assert.Equal(0, longest.Count);
        Draft longer = new(request, 1, 1000, 8) { Tokens = longest.Tokens, Length = 600, Wanted = 8 };
        Assert.Equal(int.MaxValue, roomy.Behind(longer));
        Assert.Equal(0, roomy.Guess([longer]));
        Assert.Null(longer.State);
    }

    [Fact]
    public void What_a_prefix_of_another_holds_is_not_behind()
    {
        using IDrafter drafter = Create();
        EngineRequest request = new() { Scope = default, Kind = SequenceKind.Generate, Prompt = Text(220), MaxTokens = 100 };
        Draft first = new(request, 1, 320, 8) { Tokens = [.. Text(221), .. new int[99]], Length = 221, Wanted = 3 };
        Draft second = new(request, 2, 320, 8) { Tokens = [.. Text(221), .. new int[99]], Length = 221, Wanted = 3 };
        Draft stranger = new(request with { Scope = new CacheScope(1, 2) }, 3, 320, 8) { Tokens = second.Tokens, Length = 221, Wanted = 3 };
        Assert.Equal(221, drafter.Behind(second));
        Assert.Equal(221, drafter.Guess([first]));
        Assert.Equal(221 - 208, drafter.Behind(second));
        Assert.Equal(221, drafter.Behind(stranger));
        Assert.Equal(221 - 208, drafter.Guess([second]));
        Assert.Equal(Guesses(first), Guesses(second));
    }

    [Fact]
    public void The_last_page_holds_fewer_guesses_than_were_wanted()
    {
        long page = ModelInspection.Read(DemoFolders.Draft, new ModelOptions()).Memory.KvBytesPerPage;
        using DraftModelDrafter drafter = New(new ModelOptions { Threads = 1, KvBytes = 4 * page, MaxSequences = 4 });
        Draft draft = New(Text(62), 6);
        drafter.Guess([draft]);
        Assert.Equal(3, draft.Count); // at 62 and 63, and one that is never computed
    }

    [Fact]
    public void Drawn_guesses_come_with_what_they_were_drawn_from()
    {
        using IDrafter drafter = Create();
        Draft drawn = New(Text(50), 4, new SamplingOptions { Temperature = 1 });
        Draft seeded = New(Text(50), 4, new SamplingOptions { Temperature = 1, Seed = 11 });
        drafter.Guess([drawn, seeded]);
        Assert.Equal(4, drawn.Count);
        for (int i = 0; i < 4; i++)
        {
            Assert.True(drawn.Chances[i].Of(drawn.Tokens[50 + i]) > 0);
            Assert.Equal(1, drawn.Chances[i].Shares.ToArray().Sum(), 1e-9);
        }

        Assert.Empty(seeded.Chances);
    }

    private static DraftModelDrafter New(ModelOptions options) => new(Model.Load(DemoFolders.Draft, options), share: true);

    private static int[] Text(int length) => [.. Enumerable.Range(0, length).Select(i => 5 + (i * 37 % 900))];
}
