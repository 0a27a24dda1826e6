using Sluice.Engine.Sampling;
using Sluice.Engine.Speculation;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

/// <summary>Speculation inside whole batches, on a clock that moves with rows, drafts and what a draft has to catch up with: nothing that it takes is left out of the books.</summary>
public sealed class SpeculatorPaysTests
{
    private const long StepTicks = 1_000_000; // of a step without guesses
    private const int Tokens = 300; // of each sequence, in the mean

    [Theory]
    [InlineData(1, 0.05, 0.6, 0, 0.01, 0.75)]
    [InlineData(8, 0.05, 0.35, 0, 0.01, 0.75)]
    [InlineData(8, 0.04, 0.05, 0.04, 0.01, 0.75)]
    [InlineData(8, 0.04, 0.05, 0.04, 0.01, 0)]
    [InlineData(32, 0.03, 0.02, 0.01, 0.005, 0.75)]
    [InlineData(32, 0.03, 0.02, 0.01, 0.005, 0)]
    [InlineData(1, 0.02, 0.05, 0, 0.02, 0)]
    public void A_draft_that_does_not_pay_costs_two_percent_at_most(int sequences, double row, double depth, double perGuess, double perToken, double right)
    {
        double speedup = new World(sequences, right) { Row = row, Depth = depth, PerGuess = perGuess, PerToken = perToken }.Run(out int guesses);
        Assert.True(guesses > 0, "it was meant to try");
        Assert.True(speedup >= 1 / 1.02, $"{speedup:0.000}, {guesses} guesses");
    }

    [Theory]
    [InlineData(1, 0.03, 0.1, 0, 0.01, 0.9, 2)]
    [InlineData(8, 0.01, 0.05, 0.002, 0.001, 0.8, 1.4)]
    [InlineData(32, 0.002, 0.02, 0.002, 0.0005, 0.8, 1.5)]
    public void One_that_pays_is_used(int sequences, double row, double depth, double perGuess, double perToken, double right, double atLeast)
    {
        double speedup = new World(sequences, right) { Row = row, Depth = depth, PerGuess = perGuess, PerToken = perToken }.Run(out int guesses);
        Assert.True(speedup >= atLeast, $"{speedup:0.000}, {guesses} guesses");
    }

    // Prices are shares of a step.
    private sealed class World : TimeProvider, IDrafter
    {
        private readonly int _sequences;
        private readonly double _right;
        private readonly PlannerRig _rig;
        private readonly Dictionary<int, int[]> _answers = []; // by the first token of the prompt and the second
        private long _now;

        public World(int sequences, double right)
        {
            (_sequences, _right) = (sequences, right);
            _rig = new PlannerRig(pages: 1600, stepTokens: 1024, sequences, context: 1024, outputs: 128, drafter: this, adaptive: true, clock: this);
            _rig.Model.BeforeStep = plan => _now += plan.Positions[0] < 10 ? 0 : Ticks(1 + ((plan.Rows - plan.Segments) * Row)); // prompts take no time
        }

        public double Row { get; init; }

        /// <summary>Of a draft, for each guess in depth.</summary>
        public double Depth { get; init; }

        /// <summary>Of a draft, for each guess of each sequence.</summary>
        public double PerGuess { get; init; }

        /// <summary>Of a draft, for each token that it had not seen.</summary>
        public double PerToken { get; init; }

        public override long GetTimestamp() => _now;

        /// <summary>Time without over time with, for the same tokens.</summary>
        public double Run(out int guesses)
        {
            for (int i = 0; i < _sequences; i++)
            {
                int[] prompt = [i, .. Prompt(i, 9)];
                _answers[i] = _rig.Model.Greedy(prompt, Tokens + 200);
                _rig.Add(Generate(prompt, Tokens + 200));
            }

            _rig.RunPlanned(_rig.Next());
            long first = _rig.Reader.GeneratedTokens;
            long tokens = 0;
            while (tokens < Tokens * _sequences)
            {
                _rig.RunPlanned(_rig.Next());
                tokens = _rig.Reader.GeneratedTokens - first;
            }

            Assert.Equal(_sequences, _rig.Planner.Running.Count);
            Assert.All(_rig.Planner.Running, s => Assert.Equal(_answers[s.Trunk.Tokens[0]].AsSpan(0, s.Trunk.Length - 10), s.Trunk.Tokens.AsSpan(10, s.Trunk.Length - 10)));
            guesses = (int)_rig.Reader.DraftedTokens;
            return (double)tokens / _sequences * StepTicks / _now;
        }

        int IDrafter.Behind(Draft draft) => draft.Length - (draft.State is Seen seen ? seen.Tokens : 0);

        int IDrafter.Guess(ReadOnlySpan<Draft> drafts)
        {
            int computed = 0, guesses = 0, depth = 0;
            foreach (Draft draft in drafts)
            {
                draft.Count = 0;
                if (draft.Wanted == 0)
                    continue;
                Seen seen = (Seen)(draft.State ??= new Seen());
                computed += draft.Length - seen.Tokens;
                seen.Tokens = draft.Length;
                int[] answer = _answers[draft.Tokens[0]];
                int at = draft.Length - draft.PromptLength;
                for (; draft.Count < draft.Wanted && at < answer.Length; at++)
                {
                    bool right = CounterRandom.Uniform(draft.Tokens[0], at) < _right;
                    draft.Tokens[draft.Length + draft.Count++] = right ? answer[at] : (answer[at] + 1) % Vocabulary;
                }

                guesses += draft.Count;
                depth = Math.Max(depth, draft.Count);
            }

            _now += Ticks((depth * Depth) + (guesses * PerGuess) + (computed * PerToken));
            return computed;
        }

        void IDrafter.Settle(Draft draft, int accepted)
        {
            if (draft.State is Seen seen)
                seen.Tokens = Math.Max(0, draft.Length + Math.Min(accepted, draft.Count - 1));
        }

        void IDrafter.Release(Draft draft) => draft.State = null;

        public void Dispose()
        {
        }

        private static long Ticks(double steps) => (long)(steps * StepTicks);

        private sealed class Seen
        {
            public int Tokens { get; set; }
        }
    }
}
