using Sluice.Engine.Planning;
using Sluice.Engine.Speculation;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

/// <summary>What a draft that has to catch up costs is learned from what it did, and a sequence whose guesses would cost more than they bring gets none.</summary>
public sealed class DraftPricesTests
{
    private const long StepTicks = 1_000_000; // a step of one row
    private const long RowTicks = StepTicks / 20;
    private const long GuessTicks = StepTicks / 50;
    private const long Dear = StepTicks / 20; // a token to catch up with: ten times what it is taken to cost at first
    private const long Cheap = StepTicks / 10_000;

    [Fact]
    public void A_dear_way_is_gone_once_and_a_cheap_one_again()
    {
        World dear = new(Dear) { Behind = 1000 };
        Assert.True(dear.Run(400).DraftedTokens > 0, "1000 tokens at the price they are taken to have are worth it");
        Assert.Equal(0, dear.Run(100).DraftedTokens);

        Assert.Equal(0, new World(Cheap) { Behind = 5000 }.Run(60).DraftedTokens);
        World cheap = new(Cheap) { Behind = 5000 };
        Assert.True(cheap.Run(400).DraftedTokens > 0);
        Assert.True(cheap.Run(60).DraftedTokens > 0);
    }

    [Fact]
    public void What_was_refused_has_no_price()
    {
        World world = new(Dear) { Behind = 600, Refuses = true };
        Assert.Equal(0, world.Run(200).DraftedTokens);
        Assert.True(world.Refused > 0, "it was meant to try");
        (world.Behind, world.Refuses) = (2000, false);
        Assert.Equal(0, world.Run(40).DraftedTokens);
    }

    [Fact]
    public void What_was_found_is_not_what_was_computed()
    {
        World world = new(Dear) { Behind = 2000, Found = 1950 };
        Assert.True(world.Run(400).DraftedTokens > 0);
        (world.Behind, world.Found) = (1500, 0);
        Assert.Equal(0, world.Run(100).DraftedTokens);
    }

    [Fact]
    public void A_way_of_many_steps_costs_what_each_of_them_did()
    {
        World world = new(Dear) { Behind = 1000, MostRows = 400 };
        Assert.True(world.Run(400).DraftedTokens > 0);
        Assert.Equal(0, world.Run(100).DraftedTokens);
    }

    [Fact]
    public void Where_the_way_costs_nothing_what_cannot_be_guessed_for_is_not_tried_either()
    {
        World world = new(0) { Behind = 100 };
        for (int i = 0; i < 5; i++)
            Assert.True(world.Run(400).DraftedTokens > 0);
        (world.Behind, world.Refuses) = (int.MaxValue, true);
        Assert.Equal(0, world.Run(400).DraftedTokens);
        Assert.Equal(0, world.Refused);
    }

    // One sequence after another on a clock that moves with the rows; all guesses stand.
    private sealed class World : TimeProvider, IDrafter
    {
        private readonly long _perToken;
        private readonly PlannerRig _rig;
        private long _now;
        private int _seed;

        public World(long perToken)
        {
            _perToken = perToken;
            _rig = new PlannerRig(drafter: this, adaptive: true, clock: this);
            _rig.Model.BeforeStep = plan => _now += StepTicks + ((plan.Rows - 1) * RowTicks);
            Run(400); // with no way to go: guessing is known to pay
        }

        /// <summary>Before a sequence's first guess; of these <see cref="Found"/> need not be computed.</summary>
        public int Behind { get; set; }

        public int Found { get; set; }

        /// <summary>Known tokens that one draft computes at most.</summary>
        public int MostRows { get; init; } = int.MaxValue;

        public bool Refuses { get; set; }

        /// <summary>Drafts that were refused.</summary>
        public int Refused { get; private set; }

        public override long GetTimestamp() => _now;

        public Sequence Run(int tokens)
        {
            Refused = 0;
            Sequence sequence = _rig.Add(Generate(Prompt(_seed++, 10), tokens));
            _rig.RunToEnd();
            return sequence;
        }

        int IDrafter.Behind(Draft draft) => draft.State is Owed owed ? owed.Tokens : Behind;

        int IDrafter.Guess(ReadOnlySpan<Draft> drafts)
        {
            Draft draft = Assert.Single(drafts.ToArray());
            draft.Count = 0;
            if (Refuses)
            {
                Refused++;
                return 0;
            }

            Owed owed = (Owed)(draft.State ??= new Owed { Tokens = Behind - Found });
            int computed = Math.Min(owed.Tokens, MostRows);
            owed.Tokens -= computed;
            _now += Math.Max(0, computed - 2) * _perToken;
            if (owed.Tokens > 0)
                return computed;
            owed.Tokens = 2; // next time: the last guess, and the step's own token
            int[] guesses = _rig.Model.Greedy(draft.Tokens[..draft.Length], draft.Wanted);
            guesses.CopyTo(draft.Tokens, draft.Length);
            draft.Count = draft.Wanted;
            _now += draft.Count * GuessTicks;
            return computed;
        }

        void IDrafter.Settle(Draft draft, int accepted)
        {
        }

        void IDrafter.Release(Draft draft) => draft.State = null;

        public void Dispose()
        {
        }

        private sealed class Owed
        {
            public int Tokens { get; set; }
        }
    }
}
