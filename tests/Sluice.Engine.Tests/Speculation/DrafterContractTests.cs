using Sluice.Engine.Speculation;
using Xunit;

namespace Sluice.Engine.Tests.Speculation;

/// <summary>What every drafter promises; run for each that is shipped.</summary>
public abstract class DrafterContractTests
{
    private const int Most = 6;

    private static readonly int[] Text = [.. Enumerable.Range(0, 90).Select(i => 5 + (i * i % 23))];

    internal abstract IDrafter Create();

    [Fact]
    public void Guesses_stand_behind_the_known_tokens_and_are_no_more_than_wanted()
    {
        using IDrafter drafter = Create();
        Draft draft = New(Text[..60]);
        for (int wanted = 1; wanted <= Most; wanted++)
        {
            draft.Wanted = wanted;
            int behind = drafter.Behind(draft);
            Assert.Equal(behind, drafter.Guess([draft]));
            Assert.InRange(draft.Count, 0, wanted);
            Assert.Equal(Text[..60], draft.Tokens[..60]);
            Assert.All(draft.Tokens[60..(60 + draft.Count)], id => Assert.InRange(id, 0, 1023));
            drafter.Settle(draft, 0);
        }

        Assert.True(draft.Count > 0, "a text that repeats itself was meant to be guessed on");
    }

    [Fact]
    public void One_that_wants_none_gets_none()
    {
        using IDrafter drafter = Create();
        Draft wants = New(Text[..60], Most);
        Draft wantsNone = New(Text[..60]);
        drafter.Guess([wantsNone, wants]);
        Assert.Equal(0, wantsNone.Count);
        Assert.True(wants.Count > 0);
        Assert.Equal(0, drafter.Guess([]));
    }

    [Fact]
    public void What_one_gets_does_not_depend_on_the_others()
    {
        using IDrafter alone = Create();
        using IDrafter together = Create();
        Draft[] ones = [.. Enumerable.Range(40, 8).Select(length => New(Text[..length], 1 + (length % Most)))];
        Draft[] all = [.. Enumerable.Range(40, 8).Select(length => New(Text[..length], 1 + (length % Most)))];
        foreach (Draft one in ones)
            alone.Guess([one]);
        together.Guess(all);
        for (int i = 0; i < all.Length; i++)
            Assert.Equal(Guesses(ones[i]), Guesses(all[i]));
    }

    [Fact]
    public void What_one_gets_does_not_depend_on_guesses_that_fell_before()
    {
        using IDrafter fresh = Create();
        using IDrafter used = Create();
        Draft draft = New(Text[..40]);
        for (int step = 0; draft.Length + Most < Text.Length; step++)
        {
            draft.Wanted = 1 + (step % Most);
            used.Guess([draft]);
            Draft other = New(draft.Tokens[..draft.Length], draft.Wanted);
            fresh.Guess([other]);
            Assert.Equal(Guesses(other), Guesses(draft));
            fresh.Release(other);
            // What is said is the text: guesses stand as far as they agree with it, and one token more is known.
            int accepted = 0;
            while (accepted < draft.Count && draft.Tokens[draft.Length + accepted] == Text[draft.Length + accepted])
                accepted++;
            used.Settle(draft, accepted);
            int length = draft.Length + accepted + 1;
            Text.AsSpan(0, length).CopyTo(draft.Tokens);
            draft.Length = length;
            if (step % 5 == 4)
                used.Release(draft);
        }
    }

    internal static Draft New(int[] tokens, int wanted = 0, SamplingOptions? sampling = null)
    {
        EngineRequest request = new()
        {
            Scope = new CacheScope(1, 1),
            Kind = SequenceKind.Generate,
            Prompt = tokens[..30],
            MaxTokens = 200,
            Sampling = sampling ?? SamplingOptions.Greedy,
        };
        int[] room = new int[230];
        tokens.CopyTo(room, 0);
        return new Draft(request, seed: 11, capacity: 230, Most) { Tokens = room, Length = tokens.Length, Wanted = wanted };
    }

    internal static int[] Guesses(Draft draft) => draft.Tokens[draft.Length..(draft.Length + draft.Count)];
}
